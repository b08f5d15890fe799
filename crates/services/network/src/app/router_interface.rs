//! Connecting routers with subnets and disconnecting them.

use ferrostack_auth::Ctx;
use ferrostack_db::{DbError, Tx};

use crate::{
    Network,
    app::{
        address::RequestedIp,
        cidr,
        port::{
            create::{NewPort, for_service, insert},
            delete::remove_in,
            update::{move_addresses, write},
        },
        quota::Resource,
        retry,
        router::interfaces,
    },
    error::NetworkError,
    ids::{Kind, PortId, RouterId, SubnetId},
    store::{
        self,
        network::NetworkRow,
        port::{PortRow, ROUTER_INTERFACE},
        router::RouterRow,
        subnet::SubnetRow,
    },
    wire::router::{Interface, InterfaceBody},
};

/// The subnets on which the router has an interface.
pub(crate) async fn subnets_of(tx: &Tx, id: RouterId) -> Result<Vec<SubnetRow>, DbError> {
    let ids: Vec<SubnetId> =
        interfaces(tx, id).await?.iter().flat_map(|port| port.fixed_ips.iter().map(|ip| ip.subnet_id)).collect();
    if ids.is_empty() { Ok(Vec::new()) } else { store::subnet::find_many(tx, &ids).await }
}

fn bad(message: impl std::fmt::Display) -> NetworkError {
    NetworkError::bad("BadRequest", format!("Bad router request: {message}."))
}

fn answer(router: &RouterRow, port: &PortRow, subnet: SubnetId) -> Interface {
    Interface {
        id: router.id,
        tenant_id: router.project_id.clone(),
        project_id: router.project_id.clone(),
        port_id: port.id,
        network_id: port.network_id,
        subnet_id: subnet,
        subnet_ids: port.fixed_ips.iter().map(|ip| ip.subnet_id).collect(),
    }
}

/// Adds an interface, by subnet (at its gateway address) or by port.
pub(crate) async fn add(cx: &Ctx, net: &Network, id: &str, body: &InterfaceBody) -> Result<Interface, NetworkError> {
    match (&body.subnet_id, &body.port_id) {
        (Some(_), Some(_)) => Err(bad("cannot specify both subnet-id and port-id")),
        (Some(subnet), None) => retry!(add_subnet(cx, net, id, subnet)),
        (None, Some(port)) => retry!(add_port(cx, net, id, port)),
        (None, None) => Err(bad("either subnet_id or port_id must be specified")),
    }
}

async fn add_subnet(cx: &Ctx, net: &Network, id: &str, subnet: &str) -> Result<Interface, NetworkError> {
    let router = net.find_router(cx, id, "add_router_interface").await?;
    let (subnet, network) = net.find_subnet(cx, subnet, "get_subnet").await?;
    let Some(gateway) = subnet.gateway_ip else {
        return Err(bad("Subnet for router interface must have a gateway IP"));
    };
    let subnets = store::subnet::list_of_networks(net.db(), &[network.id]).await?;
    let (router, subnet, network, subnets) = (&router, &subnet, &network, subnets.as_slice());
    let requested = [RequestedIp { subnet_id: Some(subnet.id), ip_address: Some(gateway) }];
    net.db()
        .tx(|tx| async move {
            let ports = begin(net, &tx, router, std::slice::from_ref(subnet)).await?;
            // Several IPv6 subnets of one network share an interface.
            let shared = ports.into_iter().find(|port| {
                subnet.ip_version() == 6
                    && port.network_id == network.id
                    && port.fixed_ips.iter().all(|ip| ip.ip_address.is_ipv6())
            });
            let port = match shared {
                Some(port) => extend(net, &tx, port, subnets, requested).await?,
                None => new_port(net, &tx, router, network, subnets, requested).await?,
            };
            let changed = [
                (Kind::Router, router.id.0, router.standard.revision + 1),
                (Kind::Port, port.id.0, port.standard.revision),
            ];
            net.enqueue(&tx, &changed).await?;
            Ok(answer(router, &port, subnet.id))
        })
        .await
}

/// Locks the router's row and checks that the subnets overlap with none that it has, and gives its interfaces.
async fn begin(
    net: &Network,
    tx: &Tx,
    router: &RouterRow,
    subnets: &[SubnetRow],
) -> Result<Vec<PortRow>, NetworkError> {
    if !store::router::lock(tx, router.id, net.clock().now()).await? {
        return Err(NetworkError::not_found(Kind::Router, router.id));
    }
    let ports = interfaces(tx, router.id).await?;
    let mut connected = subnets_of(tx, router.id).await?;
    let current = store::router::find(tx, router.id).await?.and_then(|row| row.gateway);
    if let Some(gateway) = current {
        connected.extend(store::subnet::list_of_networks(tx, &[gateway.network_id]).await?);
    }
    for subnet in subnets {
        for other in &connected {
            if other.id == subnet.id {
                return Err(bad(format_args!("Router already has a port on subnet {}", subnet.id)));
            }
            if cidr::overlap(&other.cidr, &subnet.cidr) {
                return Err(bad(format_args!(
                    "Cidr {} of subnet {} overlaps with cidr {} of subnet {}",
                    subnet.cidr, subnet.id, other.cidr, other.id
                )));
            }
        }
    }
    Ok(ports)
}

async fn new_port(
    net: &Network,
    tx: &Tx,
    router: &RouterRow,
    network: &NetworkRow,
    subnets: &[SubnetRow],
    requested: [RequestedIp; 1],
) -> Result<PortRow, NetworkError> {
    let row = for_service(net, &router.project_id, network.id, ROUTER_INTERFACE, router.id.to_string());
    net.take_quota(tx, &row.project_id, &row.id.to_string(), Resource::Ports).await?;
    insert(
        net,
        tx,
        &NewPort { row, subnets: subnets.to_vec(), requested: Some(requested.to_vec()), generated_mac: true },
    )
    .await
}

async fn extend(
    net: &Network,
    tx: &Tx,
    mut port: PortRow,
    subnets: &[SubnetRow],
    more: [RequestedIp; 1],
) -> Result<PortRow, NetworkError> {
    let mut all: Vec<RequestedIp> = port
        .fixed_ips
        .iter()
        .map(|ip| RequestedIp { subnet_id: Some(ip.subnet_id), ip_address: Some(ip.ip_address) })
        .collect();
    all.extend(more);
    move_addresses(net, tx, &mut port, subnets, &all).await?;
    port.standard.touch(net.clock().now());
    write(tx, &port).await?;
    Ok(port)
}

async fn add_port(cx: &Ctx, net: &Network, id: &str, port: &str) -> Result<Interface, NetworkError> {
    let router = net.find_router(cx, id, "add_router_interface").await?;
    let port = net.find_port(cx, port, "update_port").await?;
    if !port.device_id.is_empty() {
        let message = format!(
            "Unable to complete operation on port {} for network {}. Port already has an attached device {}.",
            port.id, port.network_id, port.device_id
        );
        return Err(NetworkError::conflict("PortInUse", message));
    }
    let ids: Vec<SubnetId> = port.fixed_ips.iter().map(|ip| ip.subnet_id).collect();
    let subnets = if ids.is_empty() { Vec::new() } else { store::subnet::find_many(net.db(), &ids).await? };
    let Some(first) = ids.first().copied() else { return Err(bad("Router port must have at least one fixed IP")) };
    if subnets.iter().filter(|subnet| subnet.ip_version() == 4).count() > 1 {
        return Err(bad("Cannot have multiple IPv4 subnets on router port"));
    }
    let (router, port, subnets) = (&router, &port, subnets.as_slice());
    net.db()
        .tx(|tx| async move {
            begin(net, &tx, router, subnets).await?;
            let mut port = port.clone();
            port.device_id = router.id.to_string();
            port.device_owner = ROUTER_INTERFACE.to_owned();
            port.security_groups.clear();
            port.port_security_enabled = false;
            port.allowed_address_pairs.clear();
            port.standard.touch(net.clock().now());
            write(&tx, &port).await?;
            store::port::replace_groups(&tx, port.id, &[]).await?;
            let changed = [
                (Kind::Router, router.id.0, router.standard.revision + 1),
                (Kind::Port, port.id.0, port.standard.revision),
            ];
            net.enqueue(&tx, &changed).await?;
            Ok(answer(router, &port, first))
        })
        .await
}

/// Removes an interface, by subnet, by port or by both.
pub(crate) async fn remove(cx: &Ctx, net: &Network, id: &str, body: &InterfaceBody) -> Result<Interface, NetworkError> {
    retry!(remove_once(cx, net, id, body))
}

async fn remove_once(cx: &Ctx, net: &Network, id: &str, body: &InterfaceBody) -> Result<Interface, NetworkError> {
    let router = net.find_router(cx, id, "remove_router_interface").await?;
    let subnet: Option<SubnetId> = match &body.subnet_id {
        Some(text) => Some(net.find_subnet(cx, text, "get_subnet").await?.0.id),
        None => None,
    };
    let port: Option<PortId> = match &body.port_id {
        Some(text) => Some(text.parse().map_err(|_| NetworkError::not_found(Kind::Port, text))?),
        None => None,
    };
    if subnet.is_none() && port.is_none() {
        return Err(bad("either subnet_id or port_id must be specified"));
    }
    let (router, now) = (&router, net.clock().now());
    net.db()
        .tx(|tx| async move {
            if !store::router::lock(&tx, router.id, now).await? {
                return Err(NetworkError::not_found(Kind::Router, router.id));
            }
            let on_subnet = |row: &PortRow| subnet.is_none_or(|id| row.fixed_ips.iter().any(|ip| ip.subnet_id == id));
            let ports = interfaces(&tx, router.id).await?;
            let found =
                ports.into_iter().find(|row| port.is_none_or(|id| id == row.id) && (on_subnet(row) || port.is_some()));
            let row = found.ok_or_else(|| not_connected(router.id, port, subnet))?;
            if !on_subnet(&row) {
                let message = format!(
                    "Subnet ID mismatch: interface {} of router {} is not on the subnet that was named.",
                    row.id, router.id
                );
                return Err(NetworkError::conflict("SubnetMismatchForPort", message));
            }
            let going: Vec<SubnetId> = match subnet {
                Some(id) if port.is_none() => vec![id],
                _ => row.fixed_ips.iter().map(|ip| ip.subnet_id).collect(),
            };
            may_go(&tx, router, &going).await?;
            let mut changed = vec![(Kind::Router, router.id.0, router.standard.revision + 1)];
            let answered = answer(router, &row, subnet.or(going.first().copied()).unwrap_or_else(SubnetId::new));
            if going.len() < row.fixed_ips.len() {
                changed.push(shrink(net, &tx, row, &going).await?);
            } else {
                changed.extend(remove_in(net, &tx, row.id, row.standard.revision).await?.unwrap_or_default());
            }
            net.enqueue(&tx, &changed).await?;
            Ok(answered)
        })
        .await
}

/// An interface that serves several IPv6 subnets loses one of them.
async fn shrink(
    net: &Network,
    tx: &Tx,
    mut row: PortRow,
    going: &[SubnetId],
) -> Result<store::sync::Changed, NetworkError> {
    for ip in row.fixed_ips.extract_if(.., |ip| going.contains(&ip.subnet_id)).collect::<Vec<_>>() {
        store::address::delete(tx, ip.subnet_id, ip.ip_address, row.id).await?;
    }
    row.standard.touch(net.clock().now());
    write(tx, &row).await?;
    Ok((Kind::Port, row.id.0, row.standard.revision))
}

fn not_connected(router: RouterId, port: Option<PortId>, subnet: Option<SubnetId>) -> NetworkError {
    match (port, subnet) {
        (None, Some(subnet)) => NetworkError::Missing {
            code: "RouterInterfaceNotFoundForSubnet",
            message: format!("Router {router} has no interface on subnet {subnet}."),
        },
        (port, _) => NetworkError::Missing {
            code: "RouterInterfaceNotFound",
            message: format!(
                "Router {router} does not have an interface with id {}.",
                port.map(|id| id.to_string()).unwrap_or_default()
            ),
        },
    }
}

/// An interface stays while floating IPs or routes need it.
async fn may_go(tx: &Tx, router: &RouterRow, going: &[SubnetId]) -> Result<(), NetworkError> {
    let subnets = store::subnet::find_many(tx, going).await?;
    let within = |ip: &std::net::IpAddr| subnets.iter().find(|subnet| subnet.cidr.contains(ip)).map(|subnet| subnet.id);
    for floating in store::floating_ip::list_of_routers(tx, &[router.id]).await? {
        let inside = floating.association.and_then(|to| within(&to.fixed_ip_address));
        if let Some(subnet) = inside {
            let message = format!(
                "Router interface for subnet {subnet} on router {} cannot be deleted, as it is required by one or more floating IPs.",
                router.id
            );
            return Err(NetworkError::conflict("RouterInterfaceInUseByFloatingIP", message));
        }
    }
    let current = store::router::find(tx, router.id).await?;
    for route in current.iter().flat_map(|row| &row.routes) {
        if let Some(subnet) = within(&route.nexthop) {
            let message = format!(
                "Router interface for subnet {subnet} on router {} cannot be deleted, as it is required by one or more routes.",
                router.id
            );
            return Err(NetworkError::conflict("RouterInterfaceInUseByRoute", message));
        }
    }
    Ok(())
}
