//! The way out of a router: a port on an external network.

use ferrostack_auth::Ctx;
use ferrostack_db::Tx;

use crate::{
    Network,
    app::{
        address::RequestedIp,
        cidr,
        port::{
            create::{NewPort, for_service, insert},
            delete::remove_in,
            parts,
            update::{move_addresses, write},
        },
        router_interface,
    },
    error::NetworkError,
    ids::Kind,
    store::{
        self,
        network::NetworkRow,
        port::ROUTER_GATEWAY,
        router::{Gateway, RouterRow},
        subnet::SubnetRow,
        sync::Changed,
    },
    wire::{Patch, router::WantedGateway},
};

/// What shall become of the gateway.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Way {
    /// Nothing.
    Keep,
    /// It goes.
    Clear,
    /// It is on that network.
    To {
        /// The external network.
        network: Box<NetworkRow>,
        /// Its subnets.
        subnets: Vec<SubnetRow>,
        /// The addresses asked for.
        requested: Option<Vec<RequestedIp>>,
        /// Whether addresses are translated; `None` = as before.
        enable_snat: Option<bool>,
    },
}

/// Checks what a request says of the gateway.
pub(crate) async fn check(
    cx: &Ctx,
    net: &Network,
    row: &RouterRow,
    wanted: &Patch<WantedGateway>,
) -> Result<Way, NetworkError> {
    let info = match wanted {
        Patch::Absent => return Ok(Way::Keep),
        Patch::Null => return Ok(Way::Clear),
        Patch::Value(info) => info,
    };
    let named = info.network_id.clone().filter(|id| !id.is_empty());
    let Some(id) = named else {
        let empty = info.enable_snat.is_none() && info.external_fixed_ips.is_none();
        return match (&row.gateway, empty) {
            (_, true) => Ok(Way::Clear),
            _ => Err(NetworkError::invalid("Invalid input for external_gateway_info. Reason: network_id is missing.")),
        };
    };
    let network = net.find_network(cx, &id, "get_network").await?;
    if !network.external {
        let message = format!("Bad router request: Network {id} is not an external network.");
        return Err(NetworkError::bad("BadRequest", message));
    }
    let subnets = store::subnet::list_of_networks(net.db(), &[network.id]).await?;
    let requested =
        info.external_fixed_ips.as_deref().map(parts::requested_ips).transpose()?.filter(|ips| !ips.is_empty());
    Ok(Way::To { network: Box::new(network), subnets, requested, enable_snat: info.enable_snat.map(|flag| flag.0) })
}

/// Brings the gateway there, within the transaction that holds the router's row, and gives what else changed. The row is
/// the caller's to write.
pub(crate) async fn set(net: &Network, tx: &Tx, row: &mut RouterRow, way: &Way) -> Result<Vec<Changed>, NetworkError> {
    match way {
        Way::Keep => Ok(Vec::new()),
        Way::Clear => {
            let changed = clear(net, tx, row).await?;
            row.enable_snat = true;
            Ok(changed)
        }
        Way::To { network, subnets, requested, enable_snat } => {
            row.enable_snat = enable_snat.unwrap_or(row.enable_snat);
            match row.gateway.clone() {
                Some(gateway) if gateway.network_id == network.id => {
                    let Some(requested) = requested else { return Ok(Vec::new()) };
                    readdress(net, tx, row, gateway, subnets, requested).await
                }
                _ => {
                    let mut changed = clear(net, tx, row).await?;
                    changed.extend(open(net, tx, row, network, subnets, requested.clone()).await?);
                    Ok(changed)
                }
            }
        }
    }
}

async fn open(
    net: &Network,
    tx: &Tx,
    row: &mut RouterRow,
    network: &NetworkRow,
    subnets: &[SubnetRow],
    requested: Option<Vec<RequestedIp>>,
) -> Result<Vec<Changed>, NetworkError> {
    for connected in router_interface::subnets_of(tx, row.id).await? {
        if let Some(other) = subnets.iter().find(|subnet| cidr::overlap(&subnet.cidr, &connected.cidr)) {
            let message = format!(
                "Bad router request: Cidr {} of subnet {} overlaps with cidr {} of subnet {}.",
                other.cidr, other.id, connected.cidr, connected.id
            );
            return Err(NetworkError::bad("BadRequest", message));
        }
    }
    // No project owns it: its users see it only as part of their router.
    let port = for_service(net, "", network.id, ROUTER_GATEWAY, row.id.to_string());
    let port =
        insert(net, tx, &NewPort { row: port, subnets: subnets.to_vec(), requested, generated_mac: true }).await?;
    row.gateway = Some(Gateway { network_id: network.id, port_id: port.id, external_fixed_ips: port.fixed_ips });
    Ok(vec![(Kind::Port, port.id.0, 1)])
}

async fn readdress(
    net: &Network,
    tx: &Tx,
    row: &mut RouterRow,
    gateway: Gateway,
    subnets: &[SubnetRow],
    requested: &[RequestedIp],
) -> Result<Vec<Changed>, NetworkError> {
    let Some(mut port) = store::port::find(tx, gateway.port_id).await? else {
        return Err(NetworkError::not_found(Kind::Port, gateway.port_id));
    };
    let mut changed = move_addresses(net, tx, &mut port, subnets, requested).await?;
    port.standard.touch(net.clock().now());
    write(tx, &port).await?;
    changed.push((Kind::Port, port.id.0, port.standard.revision));
    row.gateway = Some(Gateway { external_fixed_ips: port.fixed_ips, ..gateway });
    Ok(changed)
}

async fn clear(net: &Network, tx: &Tx, row: &mut RouterRow) -> Result<Vec<Changed>, NetworkError> {
    let Some(gateway) = row.gateway.take() else { return Ok(Vec::new()) };
    if !store::floating_ip::list_of_routers(tx, &[row.id]).await?.is_empty() {
        let message = format!(
            "Gateway cannot be updated for router {}, since a gateway to external network {} is required by one or more floating IPs.",
            row.id, gateway.network_id
        );
        return Err(NetworkError::conflict("RouterExternalGatewayInUseByFloatingIp", message));
    }
    Ok(remove_in(net, tx, gateway.port_id, 0).await?.unwrap_or_default())
}
