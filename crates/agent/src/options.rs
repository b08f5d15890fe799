//! How an agent is set up.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ferrostack_base::Secret;
use ferrostack_libvirt::VirtType;
use ferrostack_ovn::Endpoint;

/// Where a node's agent finds its engines, and how patient it is.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// The node's host name, which is the name of its chassis too.
    pub name: String,
    /// The node's address on the management network.
    pub host_ip: IpAddr,
    /// Where ledger, images and disks are. QEMU's user must be able to pass through its parents; at most 40 bytes, as
    /// sockets live below it.
    pub state_dir: PathBuf,
    /// As `virsh -c` takes it.
    pub libvirt_uri: String,
    /// Whether guests are emulated; decided by a probe beforehand.
    pub virt_type: VirtType,
    /// Why that was decided, for operators.
    pub virt_type_reason: Option<String>,
    /// The node's own Open vSwitch database.
    pub open_vswitch: Endpoint,
    /// The Southbound database, from which names that OVN knows are answered to guests that ask with EDNS; none = such
    /// questions go to the resolvers.
    pub southbound: Option<Endpoint>,
    /// The bridge that ovn-controller programs.
    pub integration_bridge: String,
    /// Where guests' questions for metadata go; none = networks get no metadata service from this node.
    pub metadata: Option<MetadataOptions>,
    /// Who answers guests' DNS questions; empty = those of `/etc/resolv.conf`, read again when it changes.
    pub resolvers: Vec<SocketAddr>,
    /// Least recently used images that no disk stands on are removed when the cache is larger, in bytes.
    pub image_cache_limit: u64,
    /// Room on the disk that images and new disks leave free, in bytes.
    pub reserved_disk: u64,
    /// How often everything is looked at, beside the events.
    pub observe_every: Duration,
}

/// The controller's side of the metadata service.
#[derive(Debug, Clone)]
pub struct MetadataOptions {
    /// Base address, such as `http://127.0.0.1:8775`; a request's path is appended.
    pub url: String,
    /// Signs what is said about the asking guest.
    pub shared_secret: Secret<String>,
}

impl AgentOptions {
    /// Engines in their usual places, emulated guests, no metadata service, a cache of 40 GiB, 1 GiB reserved, a
    /// look every 10 s.
    pub fn new(name: impl Into<String>, host_ip: IpAddr, state_dir: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            host_ip,
            state_dir: state_dir.into(),
            libvirt_uri: "qemu:///system".to_owned(),
            virt_type: VirtType::Qemu,
            virt_type_reason: None,
            open_vswitch: Endpoint::Unix("/run/openvswitch/db.sock".into()),
            southbound: None,
            integration_bridge: "br-int".to_owned(),
            metadata: None,
            resolvers: Vec::new(),
            image_cache_limit: 40 << 30,
            reserved_disk: 1 << 30,
            observe_every: Duration::from_secs(10),
        }
    }
}
