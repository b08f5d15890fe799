//! What compute needs of the network service.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use ferrostack_auth::{Ctx, Origin};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Reply;

/// What a user asked for when a server was created, one per interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NicRequest {
    /// A new port on that network, perhaps with a fixed address.
    Network {
        /// The network.
        network_id: Uuid,
        /// A wanted address.
        fixed_ip: Option<IpAddr>,
    },
    /// A port that exists.
    Port {
        /// The port.
        port_id: Uuid,
    },
}

/// A checked request: enough to make or take the port later without asking again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nic {
    /// The port; chosen beforehand when it is to be made.
    pub port_id: Uuid,
    /// Whether compute makes the port and so deletes it with the server.
    pub owned: bool,
    /// Its network.
    pub network_id: Uuid,
    /// A wanted address.
    pub fixed_ip: Option<IpAddr>,
    /// Security groups of a port to be made; empty = the project's default group.
    pub security_groups: Vec<Uuid>,
}

/// A port to be made for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortSpec<'a> {
    /// The checked request.
    pub nic: &'a Nic,
    /// The server.
    pub server_id: Uuid,
    /// Whose port it is.
    pub project_id: &'a str,
    /// The server's host name, for DNS.
    pub hostname: &'a str,
    /// `compute:` and the availability zone.
    pub device_owner: &'a str,
}

/// An address of a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedIp {
    /// The subnet.
    pub subnet_id: Uuid,
    /// The address.
    pub ip: IpAddr,
    /// The subnet's prefix length.
    pub prefix: u8,
    /// The subnet's gateway.
    pub gateway: Option<IpAddr>,
}

/// A port bound to a host: what the hypervisor needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundPort {
    /// The port; the name of its logical switch port too.
    pub port_id: Uuid,
    /// `fa:16:3e:..`
    pub mac: String,
    /// In bytes.
    pub mtu: u32,
    /// Its network.
    pub network_id: Uuid,
    /// Its addresses.
    pub fixed_ips: Vec<FixedIp>,
    /// Name servers of its subnets, for the guest.
    #[serde(default)]
    pub dns: Vec<IpAddr>,
    /// The port of the network's metadata service; none when no subnet has DHCP.
    #[serde(default)]
    pub metadata: Option<MetadataAddress>,
}

/// Where a network's metadata service is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataAddress {
    /// The port.
    pub port_id: Uuid,
    /// `fa:16:3e:..`
    pub mac: String,
    /// Its addresses with prefix length.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// Fixed or floating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// The port's own.
    Fixed,
    /// A floating IP.
    Floating,
}

/// An address of a server as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The network's name, the key in a server's `addresses`.
    pub network_name: String,
    /// The address.
    pub ip: IpAddr,
    /// Fixed or floating.
    pub kind: AddressKind,
    /// Of the port.
    pub mac: String,
    /// The port.
    pub port_id: Uuid,
    /// Names of the port's security groups.
    pub security_groups: Vec<String>,
}

/// A port as reconcilers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortFacts {
    /// The port.
    pub port_id: Uuid,
    /// The server that it names as its device, when that looks like one.
    pub device_id: Option<Uuid>,
    /// The host to which it is bound.
    pub host: Option<String>,
}

/// The network service as compute sees it.
pub trait Network: Send + Sync {
    /// Checks what the user asked for and chooses ids of ports to be made: read only. `None` = the one network that the
    /// project has (none is fine, several are `Conflict`). Security groups are names or ids.
    fn plan<'a>(
        &'a self,
        cx: &'a Ctx,
        nics: Option<&'a [NicRequest]>,
        security_groups: &'a [String],
    ) -> Reply<'a, Vec<Nic>>;
    /// Makes the port, or takes the existing one for this server. Repeating it changes nothing. Quota counts.
    fn ensure_port<'a>(&'a self, origin: &'a Origin, spec: PortSpec<'a>) -> Reply<'a, ()>;
    /// Binds the server's ports to the host.
    fn bind<'a>(&'a self, server_id: Uuid, host: &'a str) -> Reply<'a, Vec<BoundPort>>;
    /// Takes the binding back; no ports is fine.
    fn unbind(&self, server_id: Uuid) -> Reply<'_, ()>;
    /// Gives the server's ports up: those that compute made are deleted, others are freed. No ports is fine.
    fn release<'a>(&'a self, server_id: Uuid, owned: &'a [Uuid]) -> Reply<'a, ()>;
    /// Waits until all of the server's bound ports are up, at most `patience` of the clock's time. `Unavailable` after it.
    fn wait_until_up(&self, server_id: Uuid, patience: Duration) -> Reply<'_, ()>;
    /// Addresses of many servers in one query.
    fn addresses<'a>(&'a self, server_ids: &'a [Uuid]) -> Reply<'a, HashMap<Uuid, Vec<Address>>>;
    /// The server behind an address of a network; `None` when no server has it. For the metadata
    /// service, where the address is all that a guest shows of itself.
    fn server_at(&self, network_id: Uuid, ip: IpAddr) -> Reply<'_, Option<Uuid>>;
    /// All ports whose device is a server (`device_owner` begins with `compute:`), for reconcilers.
    fn server_ports(&self) -> Reply<'_, Vec<PortFacts>>;
}
