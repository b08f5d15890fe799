//! A server's domain: what is wanted, and what is.

use std::{collections::BTreeMap, net::IpAddr};

use ferrostack_base::{Fence, Generation, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whether a domain should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// Running.
    On,
    /// Defined, but off.
    Off,
}

/// What a domain does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// It runs.
    Running,
    /// It is off.
    Shutdown,
    /// It is paused.
    Paused,
    /// It crashed.
    Crashed,
}

/// The image that a domain boots from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootImage {
    /// The image.
    pub id: Uuid,
    /// Its format, such as `qcow2`.
    pub format: Option<String>,
    /// Digest algorithm and digest of its data.
    pub hash: Option<(String, String)>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The port, which is the name of its logical switch port too.
    pub port_id: Uuid,
    /// Its network; guests of one network share a metadata namespace on a node.
    pub network_id: Uuid,
    /// `fa:16:3e:..`
    pub mac: String,
    /// In bytes.
    pub mtu: u32,
    /// Its addresses.
    pub addresses: Vec<InterfaceAddress>,
    /// Where the network's metadata is served on each node; none when it has no subnet with DHCP.
    #[serde(default)]
    pub metadata: Option<MetadataPort>,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceAddress {
    /// The address.
    pub ip: IpAddr,
    /// The subnet's prefix length.
    pub prefix: u8,
    /// The subnet's gateway.
    pub gateway: Option<IpAddr>,
}

/// The port of a network's metadata service: a `localport`, so every node has its own behind the same addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataPort {
    /// The port.
    pub port_id: Uuid,
    /// `fa:16:3e:..`
    pub mac: String,
    /// Its addresses with prefix length.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// A file of the configuration drive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestFile {
    /// Below the drive's root, such as `openstack/latest/meta_data.json`.
    pub path: String,
    /// What it holds, in base64: user data may be binary, and secret.
    pub content: Secret<String>,
}

/// What is wanted of a domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DomainSpec {
    /// The server.
    pub server: Uuid,
    /// `instance-0000000a`.
    pub name: String,
    /// The server's name, for the guest.
    pub hostname: String,
    /// Of the operation.
    pub fence: Fence,
    /// Of this record; a power intent is acted on once per generation.
    pub generation: Generation,
    /// Whether it should run.
    pub power: Wanted,
    /// Processors.
    pub vcpus: i64,
    /// Memory in MiB.
    pub memory_mb: i64,
    /// Root disk in GiB; 0 = as large as the image.
    pub disk_gb: i64,
    /// The image.
    pub image: Option<BootImage>,
    /// In the order of the guest's interfaces.
    pub interfaces: Vec<Interface>,
    /// The files of the configuration drive; none = the guest asks the metadata service only.
    #[serde(default)]
    pub config_drive: Option<Vec<GuestFile>>,
    /// The image's properties that describe wanted hardware: `hw_disk_bus`, `hw_vif_model`, `hw_machine_type` and such.
    #[serde(default)]
    pub hardware: BTreeMap<String, String>,
    /// How long a guest that should be off may take to shut down before it is switched off, in seconds.
    #[serde(default = "shutdown_timeout_s")]
    pub shutdown_timeout_s: u64,
    /// The server's project.
    pub project_id: String,
    /// The request behind it, for the node's log.
    pub request_id: String,
}

/// What is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainReport {
    /// The server.
    pub server: Uuid,
    /// `instance-0000000a`.
    pub name: String,
    /// The highest fence seen.
    pub fence: Fence,
    /// Of the wanted record that was acted on last.
    pub generation: Generation,
    /// What it does.
    pub power: Power,
    /// Since when.
    pub since: Timestamp,
}

/// Something to be done once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneShot {
    /// The server.
    pub server: Uuid,
    /// Of the operation.
    pub fence: Fence,
    /// The operation's id: the same number is done once.
    pub number: Uuid,
    /// What.
    pub kind: OneShotKind,
    /// How long a guest that is asked to restart may take to shut down before it is reset, in seconds.
    #[serde(default = "shutdown_timeout_s")]
    pub shutdown_timeout_s: u64,
}

/// What a controller that does not say it means.
fn shutdown_timeout_s() -> u64 {
    60
}

/// What can be done once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OneShotKind {
    /// Asks the guest to restart, and resets it when it does not.
    SoftReboot,
    /// Resets it.
    HardReboot,
}
