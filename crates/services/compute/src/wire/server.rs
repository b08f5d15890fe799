//! A server as its users see it.

use std::collections::{BTreeMap, HashMap};

use ferrostack_contracts::{Address, AddressKind};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::links::{Link, Links};
use crate::model::{DiskConfig, Server, Stage, Status};

/// An element of the short list.
#[derive(Debug, Serialize)]
pub(crate) struct Short<'a> {
    id: String,
    name: &'a str,
    links: [Link; 2],
}

impl<'a> Short<'a> {
    pub(crate) fn new(server: &'a Server, links: &Links) -> Self {
        let id = server.id.to_string();
        Self { links: links.to("servers", &id), id, name: &server.name }
    }
}

#[derive(Debug, Serialize)]
struct Linked {
    id: String,
    links: [Link; 1],
}

/// An image, or the empty text of a server that boots from a volume.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ImageRef {
    Image(Linked),
    None(&'static str),
}

/// An address.
#[derive(Debug, Serialize)]
pub(crate) struct AddressView<'a> {
    version: u8,
    addr: String,
    #[serde(rename = "OS-EXT-IPS:type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(rename = "OS-EXT-IPS-MAC:mac_addr", skip_serializing_if = "Option::is_none")]
    mac: Option<&'a str>,
}

/// Addresses by the name of their network.
pub(crate) type Addresses<'a> = BTreeMap<&'a str, Vec<AddressView<'a>>>;

/// Groups addresses by network. The lists of addresses themselves (`ips`) have no extended attributes.
pub(crate) fn addresses(of: &[Address], extended: bool) -> Addresses<'_> {
    let mut all = Addresses::new();
    for address in of {
        let kind = match address.kind {
            AddressKind::Fixed => "fixed",
            AddressKind::Floating => "floating",
        };
        all.entry(&address.network_name).or_default().push(AddressView {
            version: if address.ip.is_ipv4() { 4 } else { 6 },
            addr: address.ip.to_string(),
            kind: extended.then_some(kind),
            mac: extended.then_some(&address.mac),
        });
    }
    all
}

#[derive(Debug, Serialize)]
struct FaultView<'a> {
    code: u16,
    created: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Group<'a> {
    name: &'a str,
}

/// What `PUT /servers/{id}` answers, and the first half of what `GET` does.
#[derive(Debug, Serialize)]
pub(crate) struct Base<'a> {
    id: String,
    name: &'a str,
    status: &'static str,
    tenant_id: &'a str,
    user_id: &'a str,
    metadata: &'a BTreeMap<String, String>,
    #[serde(rename = "hostId")]
    host_id: String,
    image: ImageRef,
    flavor: Linked,
    created: String,
    updated: String,
    addresses: Addresses<'a>,
    #[serde(rename = "accessIPv4")]
    access_ip_v4: &'a str,
    #[serde(rename = "accessIPv6")]
    access_ip_v6: &'a str,
    links: [Link; 2],
    #[serde(rename = "OS-DCF:diskConfig")]
    disk_config: DiskConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultView<'a>>,
}

/// What only administrators see.
#[derive(Debug, Serialize)]
struct Whereabouts<'a> {
    #[serde(rename = "OS-EXT-SRV-ATTR:host")]
    host: Option<&'a str>,
    #[serde(rename = "OS-EXT-SRV-ATTR:instance_name")]
    instance_name: String,
    #[serde(rename = "OS-EXT-SRV-ATTR:hypervisor_hostname")]
    hypervisor: Option<&'a str>,
}

/// What `GET /servers/{id}` answers.
#[derive(Debug, Serialize)]
pub(crate) struct Detail<'a> {
    #[serde(flatten)]
    base: Base<'a>,
    #[serde(rename = "OS-EXT-AZ:availability_zone")]
    zone: &'a str,
    config_drive: &'static str,
    key_name: Option<&'a str>,
    #[serde(rename = "OS-SRV-USG:launched_at")]
    launched: Option<String>,
    #[serde(rename = "OS-SRV-USG:terminated_at")]
    terminated: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_groups: Vec<Group<'a>>,
    #[serde(flatten)]
    whereabouts: Option<Whereabouts<'a>>,
    #[serde(rename = "OS-EXT-STS:task_state")]
    task_state: Option<&'static str>,
    #[serde(rename = "OS-EXT-STS:vm_state")]
    vm_state: &'static str,
    #[serde(rename = "OS-EXT-STS:power_state")]
    power_state: i64,
    #[serde(rename = "os-extended-volumes:volumes_attached")]
    volumes: [Box<RawValue>; 0],
}

/// What is known beside the servers' rows.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    pub addresses: HashMap<Uuid, Vec<Address>>,
    /// Of hosts.
    pub zones: HashMap<String, String>,
    /// Whether the caller may see where servers are.
    pub sees_hosts: bool,
}

impl<'a> Base<'a> {
    pub(crate) fn new(server: &'a Server, around: &'a Surroundings, links: &Links) -> Self {
        let id = server.id.to_string();
        let linked = |path: &str, id: String| Linked { links: links.bookmark(path, &id), id };
        let failed = matches!(server.stage, Stage::Failed | Stage::Deleted);
        Self {
            links: links.to("servers", &id),
            id,
            name: &server.name,
            status: server.state.status.as_str(),
            tenant_id: &server.project_id,
            user_id: &server.user_id,
            metadata: &server.metadata,
            host_id: server.host_id(),
            image: server.image_id.map_or(ImageRef::None(""), |id| ImageRef::Image(linked("images", id.to_string()))),
            flavor: linked("flavors", server.flavor.id.clone()),
            created: server.created.to_iso(),
            updated: server.updated.to_iso(),
            addresses: around.addresses.get(&server.id.0).map(|of| addresses(of, true)).unwrap_or_default(),
            access_ip_v4: server.access_ip_v4.as_deref().unwrap_or_default(),
            access_ip_v6: server.access_ip_v6.as_deref().unwrap_or_default(),
            disk_config: server.disk_config,
            progress: matches!(server.state.status, Status::Build | Status::Active).then_some(0),
            fault: server.fault.as_ref().filter(|_| failed).map(|fault| FaultView {
                code: fault.code,
                created: fault.created.to_iso(),
                message: &fault.message,
                details: fault.details.as_deref().filter(|_| around.sees_hosts),
            }),
        }
    }
}

impl<'a> Detail<'a> {
    pub(crate) fn new(server: &'a Server, around: &'a Surroundings, links: &Links) -> Self {
        let host = server.host.as_deref();
        let zone = host.and_then(|host| around.zones.get(host)).map(String::as_str);
        Self {
            base: Base::new(server, around, links),
            zone: zone.or(server.zone.as_deref()).unwrap_or_default(),
            config_drive: if server.config_drive { "True" } else { "" },
            key_name: server.key_name.as_deref(),
            launched: server.launched.map(|time| time.to_iso_naive()),
            terminated: server.terminated.map(|time| time.to_iso_naive()),
            security_groups: groups(server, around.addresses.get(&server.id.0)),
            whereabouts: around.sees_hosts.then(|| Whereabouts {
                host,
                instance_name: server.instance_name(),
                hypervisor: host,
            }),
            task_state: server.state.task_state.map(crate::model::Task::as_str),
            vm_state: server.state.vm_state.as_str(),
            power_state: server.state.power_state.number(),
            volumes: [],
        }
    }
}

/// The groups of its ports; until there are ports, those that were asked for.
fn groups<'a>(server: &'a Server, addresses: Option<&'a Vec<Address>>) -> Vec<Group<'a>> {
    let of_ports = addresses.into_iter().flatten().flat_map(|address| &address.security_groups);
    let mut names: Vec<&str> = of_ports.map(String::as_str).collect();
    if names.is_empty() && server.stage == Stage::Building {
        names = server.security_groups.iter().map(String::as_str).collect();
    }
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| Group { name }).collect()
}
