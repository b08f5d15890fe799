//! Subnets: making, changing, deleting. The checks of their attributes are in `checks`.

pub(crate) mod checks;

use ferrostack_auth::Ctx;
use ferrostack_base::Timestamp;
use ferrostack_db::Tx;

use crate::{
    Network,
    app::{
        access::{asked_network, owner},
        cidr, mac, metadata_port,
        quota::Resource,
        retry,
    },
    error::NetworkError,
    ids::{Kind, NetworkId, SubnetId},
    policy::Asked,
    store::{
        self,
        port::{METADATA, PortAddress, PortRow, ROUTER_INTERFACE},
        subnet::SubnetRow,
        sync::Changed,
    },
    wire::subnet::CreateSubnet,
};

/// Makes subnets, all or none.
pub(crate) async fn create(cx: &Ctx, net: &Network, wanted: Vec<CreateSubnet>) -> Result<Vec<SubnetRow>, NetworkError> {
    let mut rows = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let network = net.find_network(cx, &wanted.network_id, "get_network").await?;
        cx.allow("create_subnet", &asked_network(&network))?;
        // A subnet belongs to the owner of its network, unless an administrator says otherwise.
        let project = match wanted.project_id.clone().value() {
            Some(named) => owner(cx, Some(named))?,
            None if cx.is_admin() => network.project_id.clone(),
            None => owner(cx, None)?,
        };
        cx.allow("create_subnet", &Asked::of(&project))?;
        rows.push(checks::new(wanted, network.id, project, net.clock().now())?);
    }
    retry!(insert_all(net, &rows))?;
    Ok(rows)
}

async fn insert_all(net: &Network, rows: &[SubnetRow]) -> Result<(), NetworkError> {
    net.db()
        .tx(|tx| async move {
            for row in rows {
                insert(net, &tx, row).await?;
            }
            Ok(())
        })
        .await
}

/// Adds a subnet to its network, which is locked first: whether it overlaps with another one is decided here.
pub(crate) async fn insert(net: &Network, tx: &Tx, row: &SubnetRow) -> Result<(), NetworkError> {
    let now = net.clock().now();
    if !store::network::lock(tx, row.network_id, now).await? {
        return Err(NetworkError::not_found(Kind::Network, row.network_id));
    }
    let others = store::subnet::list_of_networks(tx, &[row.network_id]).await?;
    if let Some(other) = others.iter().find(|other| cidr::overlap(&other.cidr, &row.cidr)) {
        return Err(NetworkError::invalid(format!(
            "Invalid input for operation: Requested subnet with cidr: {} for network: {} overlaps with another subnet ({}).",
            row.cidr, row.network_id, other.cidr
        )));
    }
    net.take_quota(tx, &row.project_id, &row.id.to_string(), Resource::Subnets).await?;
    store::subnet::insert(tx, row).await?;
    let mut all: Vec<SubnetId> = others.iter().map(|subnet| subnet.id).collect();
    all.push(row.id);
    store::network::set_subnets(tx, row.network_id, &all).await?;
    let mut changed = vec![(Kind::Subnet, row.id.0, row.standard.revision)];
    if row.is_auto_address() {
        changed.extend(add_own_addresses(tx, row, now).await?);
    }
    changed.extend(metadata_port::follow(net, tx, row.network_id).await?);
    changed.extend(dependents(tx, row.network_id).await?);
    net.enqueue(tx, &changed).await
}

/// What OVN has of a subnet besides its DHCP options: its network's routers.
async fn dependents(tx: &Tx, network: NetworkId) -> Result<Vec<Changed>, NetworkError> {
    let routers = store::router::list_on_network(tx, network).await?;
    Ok(routers.into_iter().map(|router| (Kind::Router, router.0, 0)).chain([(Kind::Network, network.0, 0)]).collect())
}

/// Machines that are on the network already make themselves an address of the new subnet.
async fn add_own_addresses(tx: &Tx, subnet: &SubnetRow, now: Timestamp) -> Result<Vec<Changed>, NetworkError> {
    let mut changed = Vec::new();
    for mut port in store::port::list_of_network(tx, subnet.network_id).await? {
        let Some(ip_address) =
            mac::eui64(&subnet.cidr, &port.mac_address).filter(|_| !port.device_owner.starts_with("network:"))
        else {
            continue;
        };
        if !store::address::insert(tx, subnet.id, ip_address, port.id).await? {
            continue;
        }
        port.fixed_ips.push(PortAddress { subnet_id: subnet.id, ip_address });
        changed.push(write_addresses(tx, port, now).await?);
    }
    Ok(changed)
}

async fn write_addresses(tx: &Tx, mut port: PortRow, now: Timestamp) -> Result<Changed, NetworkError> {
    port.standard.touch(now);
    if !store::port::update(tx, &port).await? {
        return Err(NetworkError::Raced { kind: Kind::Port, id: port.id.to_string() });
    }
    Ok((Kind::Port, port.id.0, port.standard.revision))
}

/// Changes a subnet.
pub(crate) async fn update(cx: &Ctx, net: &Network, id: &str, patch: &CreateSubnet) -> Result<SubnetRow, NetworkError> {
    retry!(update_once(cx, net, id, patch))
}

async fn update_once(cx: &Ctx, net: &Network, id: &str, patch: &CreateSubnet) -> Result<SubnetRow, NetworkError> {
    let (before, _) = net.find_subnet(cx, id, "update_subnet").await?;
    let mut row = checks::changed(&before, patch)?;
    row.standard.touch(net.clock().now());
    let (row, before) = (&row, &before);
    net.db()
        .tx(|tx| async move {
            if !store::subnet::update(&tx, row).await? {
                return Err(NetworkError::Raced { kind: Kind::Subnet, id: row.id.to_string() });
            }
            if row.gateway_ip != before.gateway_ip
                && let Some(old) = before.gateway_ip
            {
                gateway_is_free(&tx, row.id, old).await?;
            }
            let mut changed = vec![(Kind::Subnet, row.id.0, row.standard.revision)];
            changed.extend(dependents(&tx, row.network_id).await?);
            // Whether DHCP answers is said in each port's row of OVN.
            if row.enable_dhcp != before.enable_dhcp {
                store::network::lock(&tx, row.network_id, row.standard.updated).await?;
                changed.extend(metadata_port::follow(net, &tx, row.network_id).await?);
                let ports = store::port::list_of_subnet(&tx, row.id).await?;
                changed.extend(ports.into_iter().map(|port| (Kind::Port, port.id.0, port.standard.revision)));
            }
            net.enqueue(&tx, &changed).await
        })
        .await?;
    if row.allocation_pools != before.allocation_pools {
        net.cursors().forget(row.id);
    }
    Ok(row.clone())
}

/// A gateway address cannot be changed while a router's interface has it.
async fn gateway_is_free(tx: &Tx, subnet: SubnetId, gateway: std::net::IpAddr) -> Result<(), NetworkError> {
    let Some(port) = store::address::find(tx, subnet, gateway).await? else { return Ok(()) };
    match store::port::find(tx, port).await? {
        Some(row) if row.device_owner == ROUTER_INTERFACE => {
            let message = format!("Current gateway ip {gateway} already in use by port {port}. Unable to update.");
            Err(NetworkError::conflict("GatewayIpInUse", message))
        }
        _ => Ok(()),
    }
}

/// Deletes a subnet, unless ports have addresses of it that they did not make themselves.
pub(crate) async fn delete(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    retry!(delete_once(cx, net, id))
}

async fn delete_once(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    let (row, _) = net.find_subnet(cx, id, "delete_subnet").await?;
    let (row, now) = (&row, net.clock().now());
    net.db()
        .tx(|tx| async move {
            let missing = || NetworkError::not_found(Kind::Subnet, row.id);
            if !store::network::lock(&tx, row.network_id, now).await? {
                return Err(missing());
            }
            let mut changed = vec![(Kind::Subnet, row.id.0, row.standard.revision + 1)];
            for mut port in store::port::list_of_subnet(&tx, row.id).await? {
                if port.device_owner != METADATA && (!row.is_auto_address() || port.device_owner.starts_with("network:")) {
                    let message = format!(
                        "Unable to complete operation on subnet {}: One or more ports have an IP allocation from this subnet.",
                        row.id
                    );
                    return Err(NetworkError::conflict("SubnetInUse", message));
                }
                for ip in port.fixed_ips.extract_if(.., |ip| ip.subnet_id == row.id).collect::<Vec<_>>() {
                    store::address::delete(&tx, row.id, ip.ip_address, port.id).await?;
                }
                changed.push(write_addresses(&tx, port, now).await?);
            }
            if !store::subnet::delete(&tx, row.id).await? {
                return Err(missing());
            }
            store::tag::delete(&tx, &row.id.to_string()).await?;
            ferrostack_quota::give_back(&tx, &row.id.to_string()).await?;
            let left = store::subnet::list_of_networks(&tx, &[row.network_id]).await?;
            let left: Vec<SubnetId> = left.iter().map(|subnet| subnet.id).collect();
            store::network::set_subnets(&tx, row.network_id, &left).await?;
            changed.extend(metadata_port::follow(net, &tx, row.network_id).await?);
            changed.extend(dependents(&tx, row.network_id).await?);
            net.enqueue(&tx, &changed).await
        })
        .await?;
    net.cursors().forget(row.id);
    Ok(())
}
