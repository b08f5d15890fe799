//! Addresses of servers as their users see them: four statements for however many servers.

use std::{collections::HashMap, net::IpAddr};

use ferrostack_contracts::{Address, AddressKind};
use uuid::Uuid;

use crate::{
    Network,
    app::mac,
    error::NetworkError,
    ids::{NetworkId, PortId, SecurityGroupId},
    store::{self, port::PortRow},
};

/// How many ids stand in one statement.
const CHUNK: usize = 500;

/// The addresses of each of the servers that has some, oldest port first.
pub(super) async fn of_servers(net: &Network, servers: &[Uuid]) -> Result<HashMap<Uuid, Vec<Address>>, NetworkError> {
    let mut all: HashMap<Uuid, Vec<Address>> = HashMap::new();
    for chunk in servers.chunks(CHUNK) {
        let devices: Vec<String> = chunk.iter().map(Uuid::to_string).collect();
        let ports = store::port::list_of_devices(net.db(), &devices).await?;
        add(net, &ports, &mut all).await?;
    }
    Ok(all)
}

async fn add(net: &Network, ports: &[PortRow], all: &mut HashMap<Uuid, Vec<Address>>) -> Result<(), NetworkError> {
    if ports.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<NetworkId> = ports.iter().map(|port| port.network_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let networks: HashMap<NetworkId, String> =
        store::network::find_many(net.db(), &ids).await?.into_iter().map(|row| (row.id, row.name)).collect();
    let mut ids: Vec<SecurityGroupId> = ports.iter().flat_map(|port| port.security_groups.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let groups: HashMap<SecurityGroupId, String> =
        store::security_group::find_many(net.db(), &ids).await?.into_iter().map(|row| (row.id, row.name)).collect();
    let ids: Vec<PortId> = ports.iter().map(|port| port.id).collect();
    let floating = store::floating_ip::list_of_ports(net.db(), &ids).await?;
    for port in ports {
        let Ok(server) = port.device_id.parse::<Uuid>() else { continue };
        let of_port = all.entry(server).or_default();
        let address = |ip, kind| Address {
            network_name: networks.get(&port.network_id).cloned().unwrap_or_default(),
            ip,
            kind,
            mac: port.mac_address.clone(),
            port_id: port.id.0,
            security_groups: port.security_groups.iter().filter_map(|id| groups.get(id).cloned()).collect(),
        };
        for fixed in &port.fixed_ips {
            of_port.push(address(fixed.ip_address, AddressKind::Fixed));
            let leads_here =
                |to: &store::floating_ip::Association| to.port_id == port.id && to.fixed_ip_address == fixed.ip_address;
            for row in floating.iter().filter(|row| row.association.as_ref().is_some_and(leads_here)) {
                of_port.push(address(row.floating_ip_address, AddressKind::Floating));
            }
        }
    }
    Ok(())
}

/// The server that has the address on the network, or, of a link-local one, the server whose port made it itself.
pub(super) async fn server_at(net: &Network, network: NetworkId, ip: IpAddr) -> Result<Option<Uuid>, NetworkError> {
    let device = match mac::of_link_local(ip) {
        Some(mac) => store::port::device_with_mac(net.db(), network, &mac).await?,
        None => store::port::device_at(net.db(), network, ip).await?,
    };
    Ok(device.and_then(|device| device.parse().ok()))
}
