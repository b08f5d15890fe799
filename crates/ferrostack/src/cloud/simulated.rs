//! The nodes and the OVN of a simulated cloud. Both keep files, as real ones would: what they have outlives this process.

use std::{path::Path, sync::Arc};

use ferrostack_base::Clock;
use ferrostack_config::Settings;
use ferrostack_sim::{
    node::{NodeSize, Plug, SimNodes},
    northd::{Northd, SimulatedChassis},
    ovsdb::Ovsdb,
};

/// The simulated part of the world.
pub(super) struct Simulated {
    pub(super) ovn: Ovsdb,
    pub(super) nodes: SimNodes,
}

/// Ports are plugged into the simulated OVN.
struct Ports(Northd);

impl Plug for Ports {
    fn plug(&self, port: &str, node: &str) -> Result<(), String> {
        self.0.bind(port, node).map_err(|error| ferrostack_base::chain(&error).to_string())
    }

    fn unplug(&self, port: &str, node: &str) {
        self.0.unbind(port, node);
    }
}

/// Opens them below the state folder, or makes them; a mere controller has no nodes.
pub(super) fn open(settings: &Settings, clock: &Clock, with_nodes: bool) -> anyhow::Result<Simulated> {
    let dir = settings.state.dir.join("simulated");
    let ovn = Ovsdb::open(&dir.join("ovn"))?;
    ovn.listen_unix(&dir.join("ovn/ovsdb.sock"))?;
    let northd = ovn.northd();
    let size = NodeSize {
        vcpus: i64::from(settings.simulated.vcpus),
        memory_mb: i64::try_from(settings.simulated.memory_mb).unwrap_or(i64::MAX),
        disk_gb: i64::try_from(settings.simulated.disk_gb).unwrap_or(i64::MAX),
    };
    let nodes = SimNodes::new(clock.clone(), Arc::new(Ports(northd.clone())));
    for number in 1..=if with_nodes { settings.simulated.nodes } else { 0 } {
        join(&nodes, &northd, &dir, number, size)?;
    }
    Ok(Simulated { ovn, nodes })
}

fn join(nodes: &SimNodes, northd: &Northd, dir: &Path, number: u32, size: NodeSize) -> anyhow::Result<()> {
    let name = format!("compute-{number}");
    let [_, a, b, c] = number.to_be_bytes();
    northd.add_chassis(&SimulatedChassis {
        name: name.clone(),
        hostname: name.clone(),
        tunnel_ip: format!("10.{a}.{b}.{c}"),
        bridge_mappings: "public:br-ex".to_owned(),
    })?;
    nodes.open(&name, &dir.join("nodes"), size)?;
    Ok(())
}
