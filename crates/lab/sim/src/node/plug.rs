//! How a node's ports get into the network.

use ferrostack_agent_api::NodeFacts;
use uuid::Uuid;

use crate::northd::{Northd, SimulatedChassis};

/// The network as a node sees it.
pub trait Plug: Send + Sync {
    /// The node is there.
    fn join(&self, node: &NodeFacts);
    /// The node has the interface of that port. Repeating it changes nothing.
    fn plug(&self, node: &str, port: Uuid);
    /// The node does not have it any more. Repeating it changes nothing.
    fn unplug(&self, node: &str, port: Uuid);
}

/// No network at all, for tests without ports.
#[derive(Debug, Clone, Copy)]
pub struct NoNetwork;

impl Plug for NoNetwork {
    fn join(&self, _: &NodeFacts) {}
    fn plug(&self, _: &str, _: Uuid) {}
    fn unplug(&self, _: &str, _: Uuid) {}
}

/// A simulated OVN: what ovn-controller does on a real node.
#[derive(Debug, Clone)]
pub struct OvnPlug {
    /// The OVN.
    pub northd: Northd,
    /// Physical networks and bridges of each node, `PHYSNET:BRIDGE,...`.
    pub bridge_mappings: String,
}

impl Plug for OvnPlug {
    fn join(&self, node: &NodeFacts) {
        let chassis = SimulatedChassis {
            name: node.name.clone(),
            hostname: node.name.clone(),
            tunnel_ip: node.host_ip.to_string(),
            bridge_mappings: self.bridge_mappings.clone(),
        };
        if let Err(error) = self.northd.add_chassis(&chassis) {
            tracing::error!(node = node.name, error = %ferrostack_base::chain(&error), "a simulated chassis could not join");
        }
    }

    fn plug(&self, node: &str, port: Uuid) {
        if let Err(error) = self.northd.bind(&port.to_string(), node) {
            tracing::error!(node, %port, error = %ferrostack_base::chain(&error), "a simulated port could not be plugged in");
        }
    }

    fn unplug(&self, node: &str, port: Uuid) {
        self.northd.unbind(&port.to_string(), node);
    }
}
