//! Floating IPs.

use std::net::IpAddr;

use ferrostack_auth::Ctx;
use ferrostack_db::Tx;

use crate::{
    Network,
    app::{
        access::owner,
        address::RequestedIp,
        port::{
            create::{NewPort, for_service, insert},
            delete::remove_in,
        },
        quota::Resource,
        retry,
    },
    error::NetworkError,
    ids::{FloatingIpId, Kind, NetworkId, RouterId},
    policy::Asked,
    store::{
        self, Standard,
        floating_ip::{Association, FloatingIpRow},
        port::{FLOATING_IP, PortRow, ROUTER_INTERFACE},
        subnet::SubnetRow,
    },
    wire::{Patch, floating_ip::CreateFloatingIp},
};

fn bad(message: impl std::fmt::Display) -> NetworkError {
    NetworkError::bad("BadRequest", format!("Bad floatingip request: {message}."))
}

fn address(field: &str, patch: &Patch<String>) -> Result<Option<IpAddr>, NetworkError> {
    let Some(text) = patch.as_value().filter(|text| !text.is_empty()) else { return Ok(None) };
    let ip = text.parse().map_err(|_| {
        NetworkError::invalid(format!("Invalid input for {field}. Reason: '{text}' is not a valid IP address."))
    })?;
    Ok(Some(ip))
}

/// Makes a floating IP, and lets it lead to a port when one is named.
pub(crate) async fn create(cx: &Ctx, net: &Network, wanted: CreateFloatingIp) -> Result<FloatingIpRow, NetworkError> {
    let network = net.find_network(cx, &wanted.floating_network_id, "get_network").await?;
    let project_id = owner(cx, wanted.project_id.clone().value())?;
    let asked = Asked::of(&project_id);
    cx.allow("create_floatingip", &asked)?;
    let chosen = address("floating_ip_address", &wanted.floating_ip_address)?;
    if chosen.is_some() {
        cx.allow("create_floatingip:floating_ip_address", &asked)?;
    }
    if !network.external {
        return Err(bad(format_args!("Network {} is not a valid external network", network.id)));
    }
    let mut subnets = store::subnet::list_of_networks(net.db(), &[network.id]).await?;
    subnets.retain(|subnet| subnet.ip_version() == 4);
    if subnets.is_empty() {
        return Err(bad(format_args!("Network {} does not contain any IPv4 subnet", network.id)));
    }
    let requested = requested(&subnets, &wanted, chosen)?;
    let id = FloatingIpId::new();
    let port = for_service(net, "", network.id, FLOATING_IP, id.to_string());
    let port = NewPort { row: port, subnets, requested, generated_mac: true };
    let standard = Standard::new(wanted.description.clone().value().unwrap_or_default(), net.clock().now());
    let inside = inside(cx, net, &project_id, &wanted.port_id, &wanted.fixed_ip_address).await?;
    let (port, standard, project_id, inside) = (&port, &standard, &project_id, inside.as_ref());
    net.db()
        .tx(|tx| async move {
            net.take_quota(&tx, project_id, &id.to_string(), Resource::FloatingIps).await?;
            let port = insert(net, &tx, port).await?;
            let Some(holder) = port.fixed_ips.first() else { return Err(bad("the external network gave no address")) };
            let mut row = FloatingIpRow {
                id,
                project_id: project_id.clone(),
                floating_network_id: port.network_id,
                floating_port_id: port.id,
                floating_ip_address: holder.ip_address,
                association: None,
                standard: standard.clone(),
            };
            if let Some((port, fixed)) = inside {
                row.association = Some(associate(net, &tx, row.floating_network_id, port, *fixed).await?);
            }
            store::floating_ip::insert(&tx, &row).await.map_err(|error| already(error, &row))?;
            net.enqueue(&tx, &[(Kind::FloatingIp, id.0, row.standard.revision)]).await?;
            Ok(row)
        })
        .await
}

/// Which address a new one shall have: one of the network's IPv4 subnets.
fn requested(
    subnets: &[SubnetRow],
    wanted: &CreateFloatingIp,
    chosen: Option<IpAddr>,
) -> Result<Option<Vec<RequestedIp>>, NetworkError> {
    let subnet_id = match wanted.subnet_id.as_value() {
        None => None,
        Some(text) => {
            let found = subnets.iter().find(|subnet| subnet.id.to_string() == *text);
            Some(found.ok_or_else(|| bad(format_args!("Subnet {text} is no IPv4 subnet of the external network")))?.id)
        }
    };
    Ok((subnet_id.is_some() || chosen.is_some()).then(|| vec![RequestedIp { subnet_id, ip_address: chosen }]))
}

fn already(error: ferrostack_db::DbError, row: &FloatingIpRow) -> NetworkError {
    match (&row.association, error.is_duplicate()) {
        (Some(to), true) => NetworkError::conflict(
            "FloatingIPPortAlreadyAssociated",
            format!(
                "Cannot associate floating IP {} ({}) with port {} using fixed IP {}, as that fixed IP already has a floating IP on external network {}.",
                row.floating_ip_address, row.id, to.port_id, to.fixed_ip_address, row.floating_network_id
            ),
        ),
        _ => error.into(),
    }
}

/// The port inside and its address to which a floating IP of that project shall lead.
async fn inside(
    cx: &Ctx,
    net: &Network,
    project_id: &str,
    port: &Patch<String>,
    fixed: &Patch<String>,
) -> Result<Option<(PortRow, IpAddr)>, NetworkError> {
    let fixed = address("fixed_ip_address", fixed)?;
    let Some(id) = port.as_value().filter(|id| !id.is_empty()) else {
        return match fixed {
            Some(_) => Err(bad("fixed_ip_address cannot be specified without a port_id")),
            None => Ok(None),
        };
    };
    let port = net.find_port(cx, id, "get_port").await?;
    if port.project_id != project_id && !cx.is_admin() {
        return Err(bad(format_args!("Port {id} is associated with a different tenant than the floating IP")));
    }
    let ip = match fixed {
        Some(ip) if port.fixed_ips.iter().any(|own| own.ip_address == ip) => ip,
        Some(ip) => return Err(bad(format_args!("Port {id} does not have fixed ip {ip}"))),
        None => {
            let mut all = port.fixed_ips.iter().map(|own| own.ip_address).filter(IpAddr::is_ipv4);
            let Some(first) = all.next() else {
                return Err(bad(format_args!("Cannot add floating IP to port {id} that has no fixed IPv4 addresses")));
            };
            if all.next().is_some() {
                return Err(bad(format_args!(
                    "Port {id} has multiple fixed IPv4 addresses. Must provide a specific IPv4 address"
                )));
            }
            first
        }
    };
    if !ip.is_ipv4() {
        return Err(bad(format_args!("Cannot process floating IP association with {ip}: it is no IPv4 address")));
    }
    Ok(Some((port, ip)))
}

/// Finds the router between, within the transaction, and locks it so that it stays as it is.
async fn associate(
    net: &Network,
    tx: &Tx,
    external: NetworkId,
    port: &PortRow,
    fixed: IpAddr,
) -> Result<Association, NetworkError> {
    if !store::port::lock(tx, port.id).await? {
        return Err(NetworkError::not_found(Kind::Port, port.id));
    }
    let subnet = port.fixed_ips.iter().find(|own| own.ip_address == fixed).map(|own| own.subnet_id);
    let candidates = match subnet {
        Some(subnet) => store::port::list_of_subnet(tx, subnet).await?,
        None => Vec::new(),
    };
    for interface in candidates.iter().filter(|row| row.device_owner == ROUTER_INTERFACE) {
        let Ok(router_id) = interface.device_id.parse::<RouterId>() else { continue };
        let Some(router) = store::router::find(tx, router_id).await? else { continue };
        if router.gateway.as_ref().is_none_or(|gateway| gateway.network_id != external) {
            continue;
        }
        if !store::router::lock(tx, router_id, net.clock().now()).await? {
            continue;
        }
        // Looked at again, now that nobody changes it any more.
        let router = store::router::find(tx, router_id).await?;
        if router.and_then(|row| row.gateway).is_some_and(|gateway| gateway.network_id == external) {
            return Ok(Association { port_id: port.id, fixed_ip_address: fixed, router_id });
        }
    }
    let subnet = subnet.map(|id| id.to_string()).unwrap_or_default();
    Err(NetworkError::Missing {
        code: "ExternalGatewayForFloatingIPNotFound",
        message: format!(
            "External network {external} is not reachable from subnet {subnet}. Therefore, cannot associate Port {} with a Floating IP.",
            port.id
        ),
    })
}

/// Changes a floating IP.
pub(crate) async fn update(
    cx: &Ctx,
    net: &Network,
    id: &str,
    patch: &CreateFloatingIp,
) -> Result<FloatingIpRow, NetworkError> {
    retry!(update_once(cx, net, id, patch))
}

async fn update_once(
    cx: &Ctx,
    net: &Network,
    id: &str,
    patch: &CreateFloatingIp,
) -> Result<FloatingIpRow, NetworkError> {
    let mut row = net.find_floating_ip(cx, id, "update_floatingip").await?;
    patch.description.clone().apply_to(&mut row.standard.description);
    row.standard.touch(net.clock().now());
    // Naming another address alone keeps the port. Naming nothing about the association keeps it as a whole.
    let port = match (&patch.port_id, patch.fixed_ip_address.as_value(), &row.association) {
        (Patch::Absent, Some(_), Some(to)) => Patch::Value(to.port_id.to_string()),
        (given, _, _) => given.clone(),
    };
    let keep = patch.port_id.is_absent() && patch.fixed_ip_address.is_absent();
    let inside = if keep { None } else { inside(cx, net, &row.project_id, &port, &patch.fixed_ip_address).await? };
    let (row, inside) = (&row, inside.as_ref());
    net.db()
        .tx(|tx| async move {
            let mut row = row.clone();
            if !keep {
                row.association = match inside {
                    Some((port, fixed)) => Some(associate(net, &tx, row.floating_network_id, port, *fixed).await?),
                    None => None,
                };
            }
            if !store::floating_ip::update(&tx, &row).await.map_err(|error| already(error, &row))? {
                return Err(NetworkError::Raced { kind: Kind::FloatingIp, id: row.id.to_string() });
            }
            net.enqueue(&tx, &[(Kind::FloatingIp, row.id.0, row.standard.revision)]).await?;
            Ok(row)
        })
        .await
}

/// Deletes a floating IP with the port that holds its address.
pub(crate) async fn delete(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    let row = net.find_floating_ip(cx, id, "delete_floatingip").await?;
    let row = &row;
    net.db()
        .tx(|tx| async move {
            if !store::floating_ip::delete(&tx, row.id).await? {
                return Err(NetworkError::not_found(Kind::FloatingIp, row.id));
            }
            remove_in(net, &tx, row.floating_port_id, 0).await?;
            store::tag::delete(&tx, &row.id.to_string()).await?;
            ferrostack_quota::give_back(&tx, &row.id.to_string()).await?;
            net.enqueue(&tx, &[(Kind::FloatingIp, row.id.0, row.standard.revision + 1)]).await
        })
        .await
}
