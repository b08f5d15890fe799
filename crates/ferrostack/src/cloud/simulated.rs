//! The nodes and the OVN of a simulated cloud. Both keep files, as real ones would: what they have outlives this process.

use std::{path::Path, sync::Arc};

use ferrostack_base::Clock;
use ferrostack_config::Settings;
use ferrostack_sim::{
    node::{OvnPlug, SimNodeOptions, SimNodes},
    ovsdb::Ovsdb,
};

use super::world::World;
use crate::secrets;

/// Opens them below the state folder, or makes them.
pub(super) fn open(settings: &Settings, clock: &Clock) -> anyhow::Result<World> {
    let dir = settings.state.dir.join("simulated");
    let ovn = Ovsdb::open(&dir.join("ovn"))?;
    ovn.listen_unix(&dir.join("ovn/ovsdb.sock"))?;
    let physical =
        settings.network.physical_networks.iter().map(|name| format!("{name}:br-{name}")).collect::<Vec<_>>();
    let plug = OvnPlug { northd: ovn.northd(), bridge_mappings: physical.join(",") };
    let nodes = SimNodes::new(clock.clone(), Arc::new(plug));
    for number in 1..=settings.simulated.nodes {
        nodes.add(node(settings, &dir, u16::try_from(number)?))?;
    }
    Ok(World {
        agents: Arc::new(nodes),
        northbound: ovn.endpoint(),
        southbound: ovn.endpoint(),
        metadata_secret: secrets::of_state(&settings.state.dir, secrets::METADATA)?,
        daemons: None,
        changes: None,
    })
}

fn node(settings: &Settings, dir: &Path, number: u16) -> SimNodeOptions {
    let numbered = SimNodeOptions::numbered(number);
    SimNodeOptions {
        vcpus: i64::from(settings.simulated.vcpus),
        memory_mb: i64::try_from(settings.simulated.memory_mb).unwrap_or(i64::MAX),
        disk_gb: i64::try_from(settings.simulated.disk_gb).unwrap_or(i64::MAX),
        ledger: Some(dir.join("nodes").join(format!("{}.jsonl", numbered.name))),
        ..numbered
    }
}
