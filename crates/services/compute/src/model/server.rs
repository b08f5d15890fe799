//! Servers: what is wanted (R7); and domains: what is.

use std::collections::BTreeMap;

use ferrostack_agent_api::{
    BootImage, DomainReport, DomainSpec, Interface, InterfaceAddress, MetadataPort, Power, Wanted,
};
use ferrostack_base::{Fence, Generation, Secret, Timestamp, uuid_id};
use ferrostack_contracts::{BoundPort, Nic};
use ferrostack_db::column_id;
use ferrostack_saga::{OperationId, Resource};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha224};
use uuid::Uuid;

use super::{Flavor, Stage, State, Task, Wish};

uuid_id!(
    /// A server.
    ServerId,
    "server"
);
column_id!(ServerId);

/// How the guest's disk is partitioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DiskConfig {
    /// One partition, grown to the flavor's size.
    #[serde(rename = "AUTO")]
    Auto,
    /// As the image has it.
    #[serde(rename = "MANUAL")]
    Manual,
}

/// What a server boots from, as it was when the server was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BootSource {
    #[serde(flatten)]
    pub image: BootImage,
    /// Those of the image's properties that say how to run it: `hw_...`, `os_...`.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// Why a server is in ERROR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerFault {
    /// An HTTP status code.
    pub code: u16,
    pub message: String,
    /// For administrators.
    pub details: Option<String>,
    pub created: Timestamp,
}

/// A server's record: the controller's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Server {
    pub id: ServerId,
    /// The integer behind `instance-0000000a`.
    pub number: i64,
    pub project_id: String,
    pub user_id: String,
    pub name: String,
    /// What the guest calls itself.
    pub hostname: String,
    pub flavor: Flavor,
    pub image_id: Option<Uuid>,
    pub boot_source: Option<BootSource>,
    pub key_name: Option<String>,
    pub public_key: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub user_data: Option<Secret<String>>,
    pub config_drive: bool,
    /// What the user asked for.
    pub zone: Option<String>,
    /// The host that an administrator asked for.
    pub forced_host: Option<String>,
    pub access_ip_v4: Option<String>,
    pub access_ip_v6: Option<String>,
    pub disk_config: DiskConfig,
    pub reservation_id: String,
    /// Its place among the servers of one request.
    pub launch_index: i64,
    /// Names, as asked for.
    pub security_groups: Vec<String>,
    /// Ports to be made or taken.
    pub nics: Vec<Nic>,
    /// Its ports as they were bound last, in the order of the guest's interfaces.
    pub ports: Vec<BoundPort>,
    /// Where it is; none while it is built and after a failed build.
    pub host: Option<String>,
    /// Whether it should run.
    pub power: Wanted,
    /// Of what the agent should make of it.
    pub generation: Generation,
    pub stage: Stage,
    /// The live operation, and what it does (R2).
    pub operation: Option<(OperationId, Task)>,
    /// Computed from the above and the domain; see [`super::derive`].
    pub state: State,
    pub fault: Option<ServerFault>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub launched: Option<Timestamp>,
    pub terminated: Option<Timestamp>,
    pub deleted: bool,
}

impl Server {
    /// The resource of its operations.
    pub(crate) fn resource(id: ServerId) -> Resource {
        Resource::new("server", id)
    }

    /// `instance-0000000a`.
    pub(crate) fn instance_name(&self) -> String {
        format!("instance-{:08x}", self.number)
    }

    /// What the pure function of states looks at.
    pub(crate) fn wish(&self) -> Wish {
        Wish { stage: self.stage, power: self.power, task: self.operation.map(|(_, task)| task) }
    }

    /// The task under way.
    pub(crate) fn task(&self) -> Option<Task> {
        self.operation.map(|(_, task)| task)
    }

    /// Ports that compute makes and so deletes.
    pub(crate) fn owned_ports(&self) -> Vec<Uuid> {
        self.nics.iter().filter(|nic| nic.owned).map(|nic| nic.port_id).collect()
    }

    /// A name for the host that tells a project's users which of their servers share one, and nothing else.
    pub(crate) fn host_id(&self) -> String {
        self.host
            .as_ref()
            .map_or_else(String::new, |host| hex::encode(Sha224::digest(format!("{}{host}", self.project_id))))
    }

    /// A property of the image that it boots from.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.boot_source.as_ref().and_then(|source| source.properties.get(name)).map(String::as_str)
    }

    /// What an agent is told, as far as the row says it.
    pub(crate) fn domain_spec(&self, change: DomainChange<'_>) -> DomainSpec {
        let properties = self.boot_source.iter().flat_map(|source| &source.properties);
        DomainSpec {
            server: self.id.0,
            name: self.instance_name(),
            hostname: self.hostname.clone(),
            fence: change.fence,
            generation: change.generation,
            power: change.power,
            vcpus: self.flavor.vcpus,
            memory_mb: self.flavor.memory_mb,
            disk_gb: self.flavor.disk_gb,
            image: self.boot_source.as_ref().map(|source| source.image.clone()),
            interfaces: change.ports.iter().map(interface).collect(),
            config_drive: None,
            hardware: properties
                .filter(|(name, _)| name.starts_with("hw_"))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            shutdown_timeout_s: 0,
            project_id: self.project_id.clone(),
            request_id: change.request_id.to_owned(),
        }
    }
}

/// A change of what is wanted of a domain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DomainChange<'a> {
    /// Where the domain is.
    pub host: &'a str,
    /// Whether it should run.
    pub power: Wanted,
    /// Of the record.
    pub generation: Generation,
    /// Of the operation.
    pub fence: Fence,
    /// In the order of the guest's interfaces.
    pub ports: &'a [BoundPort],
    /// The request behind it.
    pub request_id: &'a str,
}

fn interface(port: &BoundPort) -> Interface {
    Interface {
        port_id: port.port_id,
        network_id: port.network_id,
        mac: port.mac.clone(),
        mtu: port.mtu,
        addresses: port
            .fixed_ips
            .iter()
            .map(|fixed| InterfaceAddress { ip: fixed.ip, prefix: fixed.prefix, gateway: fixed.gateway })
            .collect(),
        metadata: port.metadata.as_ref().map(|port| MetadataPort {
            port_id: port.port_id,
            mac: port.mac.clone(),
            addresses: port.addresses.clone(),
        }),
    }
}

/// A domain's record: the agent's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    pub server: ServerId,
    pub host: String,
    pub fence: Fence,
    pub generation: Generation,
    pub power: Power,
    pub since: Timestamp,
}

impl Domain {
    /// As reported by that node.
    pub(crate) fn reported(report: &DomainReport, host: &str) -> Self {
        Self {
            server: ServerId(report.server),
            host: host.to_owned(),
            fence: report.fence,
            generation: report.generation,
            power: report.power,
            since: report.since,
        }
    }
}
