//! A node as its agent describes it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a node is and has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFacts {
    /// Of the agent's types.
    pub version: u32,
    /// The node's id, kept in its ledger; its resource provider's id too.
    pub id: Uuid,
    /// The host name; the name of its chassis too.
    pub name: String,
    /// `QEMU`, or `fake` for simulated nodes.
    pub hypervisor_type: String,
    /// As compute shows it: 10.2.0 is 10002000.
    pub hypervisor_version: i64,
    /// `x86_64`, `aarch64`.
    pub architecture: String,
    /// Logical processors.
    pub vcpus: i64,
    /// Memory in MiB.
    pub memory_mb: i64,
    /// Room for disks in GiB.
    pub disk_gb: i64,
    /// The node's address.
    pub host_ip: std::net::IpAddr,
}
