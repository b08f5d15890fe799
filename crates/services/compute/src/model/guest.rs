//! What a guest may learn about itself: from the metadata service, and from its configuration drive.

use std::{collections::BTreeMap, net::IpAddr};

use base64::{Engine, prelude::BASE64_STANDARD};
use ferrostack_base::Secret;
use ferrostack_contracts::{Address, AddressKind, BoundPort};
use uuid::Uuid;

use super::{Server, ServerId};

/// The facts of which all its files are made.
#[derive(Debug, Clone)]
pub(crate) struct GuestFacts {
    pub id: ServerId,
    /// The integer behind `i-0000000a`.
    pub number: i64,
    pub project_id: String,
    pub name: String,
    /// With the domain of the cloud, if it has one.
    pub hostname: String,
    pub launch_index: i64,
    pub reservation_id: String,
    pub zone: String,
    pub flavor_name: String,
    pub image_id: Option<Uuid>,
    /// Of the root disk, such as `vda`.
    pub root_device: &'static str,
    /// Name and public key.
    pub key: Option<(String, String)>,
    pub metadata: BTreeMap<String, String>,
    /// As the user wrote it, before it was encoded.
    pub user_data: Option<Secret<Vec<u8>>>,
    /// In the order of the guest's interfaces.
    pub ports: Vec<BoundPort>,
    pub security_groups: Vec<String>,
    pub floating_ip: Option<IpAddr>,
}

impl GuestFacts {
    /// Of a server in that zone. `addresses` are the server's, as its users see them.
    pub(crate) fn of(server: &Server, ports: &[BoundPort], zone: &str, domain: &str, addresses: &[Address]) -> Self {
        let mut groups: Vec<String> =
            addresses.iter().flat_map(|address| address.security_groups.iter().cloned()).collect();
        groups.sort_unstable();
        groups.dedup();
        let dotted = if domain.is_empty() { String::new() } else { format!(".{domain}") };
        let decoded = |data: &Secret<String>| {
            let clean: String = data.expose().split_whitespace().collect();
            BASE64_STANDARD.decode(clean).ok().map(Secret::new)
        };
        Self {
            id: server.id,
            number: server.number,
            project_id: server.project_id.clone(),
            name: server.name.clone(),
            hostname: format!("{}{dotted}", server.hostname),
            launch_index: server.launch_index,
            reservation_id: server.reservation_id.clone(),
            zone: zone.to_owned(),
            flavor_name: server.flavor.name.clone(),
            image_id: server.image_id,
            root_device: root_device(server.property("hw_disk_bus")),
            key: server.key_name.clone().zip(server.public_key.clone()),
            metadata: server.metadata.clone(),
            user_data: server.user_data.as_ref().and_then(decoded),
            ports: ports.to_vec(),
            security_groups: groups,
            floating_ip: addresses
                .iter()
                .find(|address| address.kind == AddressKind::Floating && address.ip.is_ipv4())
                .map(|address| address.ip),
        }
    }

    /// Its first address.
    pub(crate) fn local_ip_v4(&self) -> Option<IpAddr> {
        self.ports.iter().flat_map(|port| &port.fixed_ips).map(|fixed| fixed.ip).find(IpAddr::is_ipv4)
    }
}

/// What Linux calls the first disk on that bus.
fn root_device(bus: Option<&str>) -> &'static str {
    match bus {
        None | Some("virtio") => "vda",
        Some("ide") => "hda",
        Some("fdc") => "fda",
        Some(_) => "sda",
    }
}
