//! Ports of the integration bridge, by OVSDB transactions.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_base::Fence;
use ferrostack_ovn::{
    Condition, Contents, Function, Mutation, Operation, OvnError, RowRef, Table, Value,
    open_vswitch::{Bridge, Interface, OpenVswitch, Port},
};
use uuid::Uuid;

use super::Network;
use crate::error::NodeError;

/// The key of `external_ids` that names the node whose the port is.
const NODE: &str = "ferrostack-node";
/// The key that names the server whose port it is.
pub(crate) const SERVER: &str = "ferrostack-server";
/// The key that names the network whose metadata port it is.
pub(crate) const NETWORK: &str = "ferrostack-network";
/// The key by which ovn-controller says that the port's flows are made (ovn-controller(8)).
const INSTALLED: &str = "ovn-installed";
/// The key that says under which fence it was made.
const FENCE: &str = "ferrostack-fence";

/// A port as it should be.
#[derive(Debug, Clone)]
pub(crate) struct BridgePort {
    pub(crate) device: String,
    /// The name of the logical switch port.
    pub(crate) logical_port: Uuid,
    pub(crate) mac: String,
    /// [`SERVER`] or [`NETWORK`], and its id.
    pub(crate) owner: (&'static str, Uuid),
    pub(crate) fence: Option<Fence>,
}

impl Network {
    /// Makes ports, or brings those that are there to what is wanted, in one transaction.
    pub(super) async fn ensure_ports(&self, ports: &[BridgePort]) -> Result<(), NodeError> {
        let operations = self.connection.replica().read(|contents| self.plan(contents, ports))?;
        if operations.is_empty() {
            return Ok(());
        }
        self.connection.transact(&operations).await?;
        Ok(())
    }

    fn plan(&self, contents: &Contents, ports: &[BridgePort]) -> Result<Vec<Operation>, NodeError> {
        let Some((bridge_id, bridge)) = contents.find_named::<Bridge>(&self.bridge)? else {
            // ovn-controller makes it when it starts.
            return Err(NodeError::Away { what: format!("there is no bridge {}", self.bridge) });
        };
        let mut operations = Vec::new();
        for port in ports {
            let external_ids = self.external_ids(port);
            let known = contents.find_named::<Interface>(&port.device)?;
            let known_port = contents.find_named::<Port>(&port.device)?;
            match (known, known_port) {
                (Some((id, interface)), Some((port_id, _))) if bridge.ports.contains(&RowRef::Uuid(port_id)) => {
                    // Others' keys stay, such as those that ovn-controller writes.
                    let mut merged = interface.external_ids.clone();
                    merged.extend(external_ids);
                    let wanted = Interface { external_ids: merged, ..interface.clone() };
                    operations.extend(wanted.update(id, &interface));
                }
                (None, None) => {
                    let interface = Interface { name: port.device.clone(), external_ids, ..Interface::default() };
                    let (interface_name, port_name) = (row_name("interface", port), row_name("port", port));
                    let interfaces = BTreeSet::from([RowRef::Named(interface_name.as_str().into())]);
                    let row = Port {
                        name: port.device.clone(),
                        interfaces,
                        external_ids: BTreeMap::from([(NODE.to_owned(), self.node.to_string())]),
                        ..Port::default()
                    };
                    operations.push(Operation::insert(Interface::TABLE, interface_name.as_str(), interface.to_row()));
                    operations.push(Operation::insert(Port::TABLE, port_name.as_str(), row.to_row()));
                    let joins = Mutation::insert("ports", [&RowRef::Named(port_name.as_str().into())]);
                    operations.push(Operation::mutate(Bridge::TABLE, [Condition::uuid(bridge_id)], [joins]));
                }
                _ => {
                    let what = format!("the device {} is in another bridge than {}", port.device, self.bridge);
                    return Err(NodeError::refused(what));
                }
            }
        }
        if !operations.is_empty() {
            operations.push(raise_configuration());
        }
        Ok(operations)
    }

    fn external_ids(&self, port: &BridgePort) -> BTreeMap<String, String> {
        let (key, owner) = port.owner;
        let mut ids = BTreeMap::from([
            ("iface-id".to_owned(), port.logical_port.to_string()),
            ("iface-status".to_owned(), "active".to_owned()),
            ("attached-mac".to_owned(), port.mac.clone()),
            (NODE.to_owned(), self.node.to_string()),
            (key.to_owned(), owner.to_string()),
        ]);
        if key == SERVER {
            ids.insert("vm-uuid".to_owned(), owner.to_string());
        }
        if let Some(fence) = port.fence {
            ids.insert(FENCE.to_owned(), fence.to_string());
        }
        ids
    }

    /// Takes ports out of the bridge; the database then forgets them. Out already is fine.
    pub(super) async fn remove_ports(&self, devices: &[String]) -> Result<(), NodeError> {
        let leave = |contents: &Contents| -> Result<Vec<Operation>, OvnError> {
            let mut operations = Vec::new();
            for device in devices {
                let Some((port, _)) = contents.find_named::<Port>(device)? else { continue };
                let has = Condition::new("ports", Function::Includes, Value::from(port));
                operations.push(Operation::mutate(Bridge::TABLE, [has], [Mutation::delete("ports", [port])]));
            }
            Ok(operations)
        };
        let mut operations = self.connection.replica().read(leave)?;
        if operations.is_empty() {
            return Ok(());
        }
        operations.push(raise_configuration());
        self.connection.transact(&operations).await?;
        Ok(())
    }

    /// The devices in the bridge that are marked as this node's and as that owner's.
    pub(super) fn ports_of(&self, key: &str, owner: Uuid) -> Result<Vec<String>, NodeError> {
        let all = self.owners(key)?;
        Ok(all.into_iter().filter(|(_, of)| *of == owner).map(|(device, _)| device).collect())
    }

    /// The devices marked as this node's with their owners of a kind: servers or networks.
    pub(crate) fn owners(&self, key: &str) -> Result<Vec<(String, Uuid)>, NodeError> {
        let node = self.node.to_string();
        let interfaces = self.connection.replica().read(Contents::list::<Interface>)?;
        let ours = interfaces.into_iter().filter_map(|(_, interface)| {
            (interface.external_ids.get(NODE) == Some(&node)).then_some(())?;
            let owner = interface.external_ids.get(key)?.parse().ok()?;
            Some((interface.name, owner))
        });
        Ok(ours.collect())
    }

    /// Whether OVN carries the packets of a device.
    pub(super) fn is_carried(&self, device: &str) -> Result<bool, NodeError> {
        let interface = self.interface(device)?;
        Ok(interface.is_some_and(|interface| interface.external_ids.get(INSTALLED).is_some_and(|said| said == "true")))
    }

    /// What Open vSwitch has of a device.
    pub(crate) fn interface(&self, device: &str) -> Result<Option<Interface>, NodeError> {
        let found = self.connection.replica().read(|contents| contents.find_named::<Interface>(device))?;
        Ok(found.map(|(_, interface)| interface))
    }

    /// Whether packets are switched by a process instead of the kernel; `None` when there is no bridge yet.
    pub(crate) fn is_userspace(&self) -> Result<Option<bool>, NodeError> {
        let found = self.connection.replica().read(|contents| contents.find_named::<Bridge>(&self.bridge))?;
        Ok(found.map(|(_, bridge)| bridge.datapath_type == "netdev"))
    }
}

/// The name of a new row within its transaction: letters, digits and underscores.
fn row_name(what: &str, port: &BridgePort) -> String {
    format!("{what}_{}", port.logical_port.simple())
}

/// Tells vswitchd that there is something to do, as `ovs-vsctl` does.
fn raise_configuration() -> Operation {
    let add = Mutation::new("next_cfg", ferrostack_ovn::Mutator::Add, 1);
    Operation::mutate(OpenVswitch::TABLE, Vec::new(), [add])
}
