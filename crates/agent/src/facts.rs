//! What the node is and has.

use std::sync::{Mutex, PoisonError};

use ferrostack_agent_api::NodeFacts;
use rustix::fs::statvfs;

use crate::{error::NodeError, node::Node};

/// What doesn't change while libvirtd runs.
#[derive(Debug, Clone)]
pub(crate) struct HostFacts {
    version: u64,
    architecture: String,
    cpus: u32,
    memory_mb: u64,
}

/// What was learnt last.
#[derive(Default)]
pub(crate) struct KnownFacts(Mutex<Option<HostFacts>>);

impl Node {
    /// The facts. libvirtd must answer: a node without it can't run anything.
    pub(crate) async fn facts(&self) -> Result<NodeFacts, NodeError> {
        let host = self.host_facts().await?;
        let state = &self.options.state_dir;
        let disk = statvfs(state).map_err(|error| NodeError::io(state)(error.into()))?;
        let room = disk.f_blocks.saturating_mul(disk.f_frsize).saturating_sub(self.options.reserved_disk);
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        Ok(NodeFacts {
            version: ferrostack_agent_api::VERSION,
            id: self.ledger.node(),
            name: self.options.name.clone(),
            hypervisor_type: "QEMU".to_owned(),
            hypervisor_version: number(host.version),
            architecture: host.architecture,
            vcpus: host.cpus.into(),
            memory_mb: number(host.memory_mb),
            disk_gb: number(room >> 30),
            host_ip: self.options.host_ip,
        })
    }

    async fn host_facts(&self) -> Result<HostFacts, NodeError> {
        let libvirt = self.domains.libvirt();
        let version = libvirt.versions().await?.hypervisor;
        let known = self.known_facts.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.version == version) {
            return Ok(known);
        }
        let info = libvirt.node_info().await?;
        let facts =
            HostFacts { version, architecture: info.architecture, cpus: info.cpus, memory_mb: info.memory_kib / 1024 };
        *self.known_facts.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts.clone());
        Ok(facts)
    }
}
