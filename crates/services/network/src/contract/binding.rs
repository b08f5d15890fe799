//! Binding a server's ports to a host, freeing them, and waiting until they are up.

use std::{net::IpAddr, time::Duration};

use ferrostack_contracts::{BoundPort, FixedIp, MetadataAddress};
use uuid::Uuid;

use crate::{
    Network,
    app::{
        metadata_port,
        port::{ACTIVE, DOWN, delete::remove, update::write},
        retry,
    },
    error::NetworkError,
    ids::{Kind, PortId},
    ovn::{name_servers, wait_ports_up},
    store::{
        self,
        port::{PortAddress, PortRow},
    },
};

async fn ports_of(net: &Network, server: Uuid) -> Result<Vec<PortRow>, NetworkError> {
    Ok(store::port::list_of_devices(net.db(), &[server.to_string()]).await?)
}

/// Writes changed ports in one transaction and queues them.
async fn write_all(net: &Network, rows: &[PortRow]) -> Result<(), NetworkError> {
    if rows.is_empty() {
        return Ok(());
    }
    net.db()
        .tx(|tx| async move {
            for row in rows {
                write(&tx, row).await?;
            }
            let changed: Vec<_> = rows.iter().map(|row| (Kind::Port, row.id.0, row.standard.revision)).collect();
            net.enqueue(&tx, &changed).await
        })
        .await
}

/// Binds the server's ports to the host.
pub(super) async fn bind(net: &Network, server: Uuid, host: &str) -> Result<Vec<BoundPort>, NetworkError> {
    retry!(set_host(net, server, host))?;
    describe(net, ports_of(net, server).await?).await
}

/// Takes the binding back.
pub(super) async fn unbind(net: &Network, server: Uuid) -> Result<(), NetworkError> {
    retry!(set_host(net, server, ""))
}

async fn set_host(net: &Network, server: Uuid, host: &str) -> Result<(), NetworkError> {
    let mut rows = ports_of(net, server).await?;
    rows.retain(|row| row.binding_host != host);
    for row in &mut rows {
        row.binding_host = host.to_owned();
        row.status = DOWN.to_owned();
        row.standard.touch(net.clock().now());
    }
    write_all(net, &rows).await
}

async fn describe(net: &Network, rows: Vec<PortRow>) -> Result<Vec<BoundPort>, NetworkError> {
    let mut networks: Vec<_> = rows.iter().map(|row| row.network_id).collect();
    networks.sort_unstable();
    networks.dedup();
    let networks = store::network::find_many(net.db(), &networks).await?;
    let mut subnets: Vec<_> = rows.iter().flat_map(|row| row.fixed_ips.iter().map(|ip| ip.subnet_id)).collect();
    let metadata: Vec<PortId> = networks.iter().map(|network| metadata_port::id_of(network.id)).collect();
    let metadata = store::port::find_many(net.db(), &metadata).await?;
    // Those of the metadata ports are needed, too.
    subnets.extend(metadata.iter().flat_map(|port| port.fixed_ips.iter().map(|ip| ip.subnet_id)));
    subnets.sort_unstable();
    subnets.dedup();
    let subnets = store::subnet::find_many(net.db(), &subnets).await?;
    let prefix = |ip: &PortAddress| {
        let subnet = subnets.iter().find(|subnet| subnet.id == ip.subnet_id);
        subnet.map_or(if ip.ip_address.is_ipv4() { 32 } else { 128 }, |subnet| subnet.cidr.prefix_len())
    };
    let bound = rows.into_iter().map(|row| {
        let mtu = networks.iter().find(|network| network.id == row.network_id).map_or(1500, |network| network.mtu);
        let fixed_ips = row.fixed_ips.iter().map(|ip| {
            let subnet = subnets.iter().find(|subnet| subnet.id == ip.subnet_id);
            FixedIp {
                subnet_id: ip.subnet_id.0,
                ip: ip.ip_address,
                prefix: prefix(ip),
                gateway: subnet.and_then(|subnet| subnet.gateway_ip),
            }
        });
        let metadata = metadata.iter().find(|port| port.network_id == row.network_id);
        let mut dns: Vec<IpAddr> = Vec::new();
        for subnet in row.fixed_ips.iter().filter_map(|ip| subnets.iter().find(|subnet| subnet.id == ip.subnet_id)) {
            dns.extend(
                name_servers(subnet, metadata)
                    .iter()
                    .filter(|server| !dns.contains(server))
                    .copied()
                    .collect::<Vec<_>>(),
            );
        }
        BoundPort {
            port_id: row.id.0,
            mac: row.mac_address.clone(),
            mtu: u32::try_from(mtu).unwrap_or(1500),
            network_id: row.network_id.0,
            fixed_ips: fixed_ips.collect(),
            dns,
            metadata: metadata.map(|port| MetadataAddress {
                port_id: port.id.0,
                mac: port.mac_address.clone(),
                addresses: port.fixed_ips.iter().map(|ip| (ip.ip_address, prefix(ip))).collect(),
            }),
        }
    });
    Ok(bound.collect())
}

/// Gives the server's ports up.
pub(super) async fn release(net: &Network, server: Uuid, owned: &[Uuid]) -> Result<(), NetworkError> {
    // Ports that were made for the server but never got it as their device go as well.
    let ids: Vec<PortId> = owned.iter().map(|id| PortId(*id)).collect();
    for row in store::port::find_many(net.db(), &ids).await? {
        if row.device_id.is_empty() || row.device_id == server.to_string() {
            remove(net, &row).await?;
        }
    }
    retry!(free(net, server))
}

async fn free(net: &Network, server: Uuid) -> Result<(), NetworkError> {
    let mut rows = ports_of(net, server).await?;
    for row in &mut rows {
        row.device_id.clear();
        row.device_owner.clear();
        row.binding_host.clear();
        row.binding_profile.clear();
        row.status = DOWN.to_owned();
        row.standard.touch(net.clock().now());
    }
    write_all(net, &rows).await
}

/// Waits until OVN says that all of the server's bound ports are up.
pub(super) async fn wait_until_up(net: &Network, server: Uuid, patience: Duration) -> Result<(), NetworkError> {
    let rows = ports_of(net, server).await?;
    let bound = |row: &&PortRow| !row.binding_host.is_empty() && row.admin_state_up && row.status != ACTIVE;
    let waiting: Vec<PortId> = rows.iter().filter(bound).map(|row| row.id).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    wait_ports_up(net, &waiting, patience).await?;
    // The leader writes the status too, a moment later; whoever waited shall see it now.
    let (waiting, now) = (&waiting, net.clock().now());
    net.db()
        .tx(|tx| async move {
            for id in waiting {
                store::port::set_status(&tx, *id, ACTIVE, now).await?;
            }
            Ok(())
        })
        .await
}
