//! Routes of a router (extension `extraroute`): each next hop must be on a connected subnet.

use ferrostack_db::Tx;

use crate::{
    app::{cidr, router_interface},
    error::NetworkError,
    store::{
        self,
        router::{Route, RouterRow},
    },
    wire::subnet::WantedRoute,
};

const MAX_ROUTES: usize = 30;

fn invalid(routes: &str, why: &str) -> NetworkError {
    NetworkError::bad("InvalidRoutes", format!("Invalid format for routes: {routes}, {why}."))
}

/// Reads routes.
pub(crate) fn parse(wanted: &[WantedRoute]) -> Result<Vec<Route>, NetworkError> {
    let mut routes: Vec<Route> = Vec::with_capacity(wanted.len());
    for route in wanted {
        let named = format!("{} via {}", route.destination, route.nexthop);
        let destination =
            cidr::parse(&route.destination).ok_or_else(|| invalid(&named, "the destination is not a valid prefix"))?;
        let nexthop: std::net::IpAddr =
            route.nexthop.parse().map_err(|_| invalid(&named, "the nexthop is not a valid IP address"))?;
        if nexthop.is_ipv4() != destination.addr().is_ipv4() {
            return Err(invalid(&named, "destination and nexthop are of different IP versions"));
        }
        let route = Route { destination: destination.trunc(), nexthop };
        if routes.contains(&route) {
            return Err(invalid(&named, "it is there twice"));
        }
        routes.push(route);
    }
    Ok(routes)
}

/// Checks routes against what the router is connected with.
pub(crate) async fn check(tx: &Tx, row: &RouterRow, routes: &[Route]) -> Result<(), NetworkError> {
    if routes.len() > MAX_ROUTES {
        let message = format!(
            "Unable to complete operation for {}. The number of routes exceeds the maximum {MAX_ROUTES}.",
            row.id
        );
        return Err(NetworkError::bad("RoutesExhausted", message));
    }
    if routes.is_empty() {
        return Ok(());
    }
    let mut connected = router_interface::subnets_of(tx, row.id).await?;
    let mut own: Vec<std::net::IpAddr> = Vec::new();
    for port in store::port::list_of_devices(tx, &[row.id.to_string()]).await? {
        own.extend(port.fixed_ips.iter().map(|ip| ip.ip_address));
    }
    if let Some(gateway) = &row.gateway {
        connected.extend(store::subnet::list_of_networks(tx, &[gateway.network_id]).await?);
    }
    for route in routes {
        let named = format!("{} via {}", route.destination, route.nexthop);
        if !connected.iter().any(|subnet| subnet.cidr.contains(&route.nexthop)) {
            return Err(invalid(&named, "the nexthop is not connected with router"));
        }
        if own.contains(&route.nexthop) {
            return Err(invalid(&named, "the nexthop is used by router"));
        }
    }
    Ok(())
}
