//! What an operator can set.

use std::{path::PathBuf, time::Duration};

use ferrostack_base::Secret;

/// The settings of the service, checked by whoever reads them.
#[derive(Debug, Clone)]
pub struct ComputeOptions {
    /// Where links in answers point, without the service's prefix; none = where the client found us.
    pub public_url: Option<String>,
    /// The prefix of the versioned API in links, `/compute/v2.1`.
    pub prefix: String,
    /// Virtual CPUs offered for each physical one.
    pub cpu_allocation_ratio: f64,
    /// Memory offered for each unit of physical memory.
    pub ram_allocation_ratio: f64,
    /// Disk offered for each unit of physical disk.
    pub disk_allocation_ratio: f64,
    /// Physical CPUs of each host that servers do not get.
    pub reserved_host_cpus: i64,
    /// Memory of each host that servers do not get, in MiB.
    pub reserved_host_memory_mb: i64,
    /// Disk of each host that servers do not get, in MiB.
    pub reserved_host_disk_mb: i64,
    /// Longest wait for the network of a new server.
    pub vif_plugging_timeout: Duration,
    /// Longest build on one host.
    pub build_timeout: Duration,
    /// How many hosts a build tries.
    pub max_build_attempts: usize,
    /// Most candidates that the scheduler asks placement for.
    pub max_candidates: usize,
    /// Longest page of a list.
    pub list_limit: usize,
    /// Limits of projects that have none of their own.
    pub quotas: Quotas,
    /// How long a node may keep silent before it is down.
    pub node_down_after: Duration,
    /// How long an agent may take to answer what is no build.
    pub agent_patience: Duration,
    /// How long the records of deleted servers are kept.
    pub keep_deleted: Duration,
    /// How long a guest may take to shut down before it is switched off, unless its image says otherwise.
    pub shutdown_timeout: Duration,
    /// Every server gets a configuration drive, whether its user asked for it or not.
    pub force_config_drive: bool,
    /// The domain of guests' host names in their metadata; empty = none.
    pub dhcp_domain: String,
    /// What controllers and the metadata proxies of nodes share; empty = no metadata service.
    pub metadata_secret: Secret<String>,
    /// The prefix at which the metadata service is mounted.
    pub metadata_prefix: String,
    /// The prefix at which the console pages are mounted.
    pub console_prefix: String,
    /// How long the address of a console opens it.
    pub console_token_ttl: Duration,
    /// Where noVNC is installed.
    pub novnc_dir: PathBuf,
}

/// Limits; -1 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Servers of a project.
    pub instances: i64,
    /// Virtual CPUs of a project.
    pub cores: i64,
    /// Memory of a project in MiB.
    pub ram_mb: i64,
    /// Key pairs of a user.
    pub key_pairs: i64,
    /// Metadata items of a server.
    pub metadata_items: i64,
    /// Server groups of a project.
    pub server_groups: i64,
    /// Members of a server group.
    pub server_group_members: i64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            instances: 10,
            cores: 20,
            ram_mb: 51_200,
            key_pairs: 100,
            metadata_items: 128,
            server_groups: 10,
            server_group_members: 10,
        }
    }
}

impl Default for ComputeOptions {
    fn default() -> Self {
        Self {
            public_url: None,
            prefix: "/compute/v2.1".to_owned(),
            cpu_allocation_ratio: 4.0,
            ram_allocation_ratio: 1.0,
            disk_allocation_ratio: 1.0,
            reserved_host_cpus: 0,
            reserved_host_memory_mb: 512,
            reserved_host_disk_mb: 0,
            vif_plugging_timeout: Duration::from_secs(300),
            build_timeout: Duration::from_secs(600),
            max_build_attempts: 3,
            max_candidates: 1000,
            list_limit: 1000,
            quotas: Quotas::default(),
            node_down_after: Duration::from_secs(60),
            agent_patience: Duration::from_secs(30),
            keep_deleted: Duration::from_secs(90 * 24 * 3600),
            shutdown_timeout: Duration::from_secs(60),
            force_config_drive: false,
            dhcp_domain: "novalocal".to_owned(),
            metadata_secret: Secret::default(),
            metadata_prefix: "/metadata".to_owned(),
            console_prefix: "/console".to_owned(),
            console_token_ttl: Duration::from_secs(600),
            novnc_dir: PathBuf::from("/usr/share/novnc"),
        }
    }
}
