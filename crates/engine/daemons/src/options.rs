//! What can be wanted of the engines.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use ferrostack_base::Clock;
use ipnet::IpNet;

/// What can be wanted of the engines.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where we keep what must survive: our mark and what we have created (in its subfolder `engines`).
    pub state_dir: PathBuf,
    /// The node's name, as OVN shall know it.
    pub hostname: String,
    /// The chassis' name for OVN. `None`: the one that Open vSwitch has already, else a new one.
    pub system_id: Option<String>,
    /// How packets travel between nodes.
    pub encapsulation: Encapsulation,
    /// The node's address for them.
    pub encapsulation_address: IpAddr,
    /// Where packets are switched.
    pub datapath: DatapathChoice,
    /// A bridge to the world outside.
    pub external: Option<ExternalBridge>,
    /// Further physical networks and their bridges, which are the operator's.
    pub bridge_mappings: BTreeMap<String, String>,
    /// Who starts engines.
    pub start_by: StartBy,
    /// The time that waits take.
    pub clock: Clock,
}

impl EngineOptions {
    /// The usual ones: one node, no external bridge.
    pub fn new(state_dir: impl Into<PathBuf>, hostname: impl Into<String>) -> Self {
        Self {
            state_dir: state_dir.into(),
            hostname: hostname.into(),
            system_id: None,
            encapsulation: Encapsulation::Geneve,
            encapsulation_address: Ipv4Addr::LOCALHOST.into(),
            datapath: DatapathChoice::Detect,
            external: None,
            bridge_mappings: BTreeMap::new(),
            start_by: StartBy::InitSystemIfAny,
            clock: Clock::system(),
        }
    }
}

/// Who starts engines that do not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartBy {
    /// systemd where it runs, we where it does not.
    #[default]
    InitSystemIfAny,
    /// Always we: for an isolated cloud, whose engines no init system knows.
    Ourselves,
}

/// A tunnel protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encapsulation {
    /// Geneve (RFC 8926).
    #[default]
    Geneve,
    /// VXLAN (RFC 7348): OVN is then limited to 4096 networks with 4096 ports each.
    Vxlan,
}

impl Encapsulation {
    /// The word in `ovn-encap-type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Geneve => "geneve",
            Self::Vxlan => "vxlan",
        }
    }
}

/// Which datapath is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatapathChoice {
    /// The kernel's where vswitchd can use it.
    #[default]
    Detect,
    /// This one.
    Fixed(Datapath),
}

/// Where packets are switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datapath {
    /// By the kernel's module `openvswitch`.
    Kernel,
    /// By vswitchd itself: works everywhere, slow, and checksums cannot be offloaded.
    Userspace,
}

impl Datapath {
    /// The word in `datapath_type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kernel => "system",
            Self::Userspace => "netdev",
        }
    }
}

/// A bridge to the world outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalBridge {
    /// Its name, at most 15 bytes.
    pub bridge: String,
    /// The physical network that it is the way to (`ovn-bridge-mappings`).
    pub physical_network: String,
    /// The host's own addresses in it, with their prefix lengths; empty: the bridge is made, but the host is not in it.
    pub addresses: Vec<IpNet>,
    /// Whether what comes from the bridge may go out to the world under the host's address (IPv4).
    pub masquerade: bool,
}

impl Default for ExternalBridge {
    fn default() -> Self {
        Self {
            bridge: "br-ex".to_owned(),
            physical_network: "public".to_owned(),
            addresses: Vec::new(),
            masquerade: true,
        }
    }
}
