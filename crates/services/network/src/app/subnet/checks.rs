//! What a subnet's attributes must be like.

use std::net::IpAddr;

use ferrostack_base::Timestamp;
use ipnet::IpNet;

use crate::{
    app::cidr,
    error::NetworkError,
    ids::{NetworkId, SubnetId},
    store::{
        Standard,
        subnet::{HostRoute, Pool, SubnetRow},
    },
    wire::{
        Patch,
        subnet::{CreateSubnet, WantedPool, WantedRoute},
    },
};

const MAX_NAMESERVERS: usize = 5;
const MAX_HOST_ROUTES: usize = 20;
const IPV6_MODES: [&str; 3] = ["slaac", "dhcpv6-stateful", "dhcpv6-stateless"];

fn unfit(field: &str, value: &str, why: &str) -> NetworkError {
    NetworkError::invalid(format!("Invalid input for {field}. Reason: '{value}' {why}."))
}

fn address(field: &str, text: &str) -> Result<IpAddr, NetworkError> {
    text.parse().map_err(|_| unfit(field, text, "is not a valid IP address"))
}

fn of_version(field: &str, ip: IpAddr, net: &IpNet) -> Result<IpAddr, NetworkError> {
    if ip.is_ipv4() == matches!(net, IpNet::V4(_)) {
        return Ok(ip);
    }
    Err(unfit(field, &ip.to_string(), &format!("does not match the ip_version of {net}")))
}

/// A new subnet.
pub(super) fn new(
    wanted: CreateSubnet,
    network_id: NetworkId,
    project_id: String,
    now: Timestamp,
) -> Result<SubnetRow, NetworkError> {
    let Some(text) = wanted.cidr.as_value().filter(|text| !text.is_empty()) else {
        return Err(NetworkError::bad(
            "BadRequest",
            "Bad subnets request: a subnetpool must be specified in the absence of a cidr.",
        ));
    };
    let cidr = prefix(text, wanted.ip_version.value().map(|version| version.0))?;
    let gateway_ip = match &wanted.gateway_ip {
        Patch::Absent => default_gateway(&cidr),
        Patch::Null => None,
        Patch::Value(text) if text.is_empty() => None,
        Patch::Value(text) => Some(gateway(text, &cidr)?),
    };
    let enable_dhcp = wanted.enable_dhcp.value().is_none_or(|flag| flag.0);
    let (ra, address) = modes(&wanted, &cidr, enable_dhcp)?;
    let allocation_pools = match wanted.allocation_pools.value() {
        Some(pools) => checked_pools(&pools, &cidr)?,
        None => cidr::default_pools(&cidr, gateway_ip),
    };
    gateway_outside_pools(gateway_ip, &allocation_pools)?;
    Ok(SubnetRow {
        id: SubnetId::new(),
        project_id,
        network_id,
        name: wanted.name.value().unwrap_or_default(),
        cidr,
        gateway_ip,
        enable_dhcp,
        ipv6_ra_mode: ra,
        ipv6_address_mode: address,
        allocation_pools,
        dns_nameservers: nameservers(wanted.dns_nameservers.value().unwrap_or_default())?,
        host_routes: host_routes(wanted.host_routes.value().unwrap_or_default(), &cidr)?,
        standard: Standard::new(wanted.description.value().unwrap_or_default(), now),
    })
}

/// The subnet as it becomes.
pub(super) fn changed(before: &SubnetRow, patch: &CreateSubnet) -> Result<SubnetRow, NetworkError> {
    let mut row = before.clone();
    patch.name.clone().apply_to(&mut row.name);
    patch.description.clone().apply_to(&mut row.standard.description);
    if let Some(flag) = patch.enable_dhcp.value() {
        row.enable_dhcp = flag.0;
    }
    match &patch.gateway_ip {
        Patch::Absent => {}
        Patch::Null => row.gateway_ip = None,
        Patch::Value(text) if text.is_empty() => row.gateway_ip = None,
        Patch::Value(text) => row.gateway_ip = Some(gateway(text, &row.cidr)?),
    }
    if let Some(pools) = patch.allocation_pools.as_value() {
        row.allocation_pools = checked_pools(pools, &row.cidr)?;
    }
    if row.gateway_ip != before.gateway_ip || row.allocation_pools != before.allocation_pools {
        gateway_outside_pools(row.gateway_ip, &row.allocation_pools)?;
    }
    if !patch.dns_nameservers.is_absent() {
        row.dns_nameservers = nameservers(patch.dns_nameservers.clone().value().unwrap_or_default())?;
    }
    if !patch.host_routes.is_absent() {
        row.host_routes = host_routes(patch.host_routes.clone().value().unwrap_or_default(), &row.cidr)?;
    }
    if !row.enable_dhcp && (row.ipv6_ra_mode.is_some() || row.ipv6_address_mode.is_some()) {
        return Err(NetworkError::invalid(
            "Invalid input for operation: ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False.",
        ));
    }
    Ok(row)
}

fn prefix(text: &str, version: Option<i64>) -> Result<IpNet, NetworkError> {
    let cidr = cidr::parse(text).ok_or_else(|| unfit("cidr", text, "is not a valid IP subnet"))?.trunc();
    let real = if matches!(cidr, IpNet::V4(_)) { 4 } else { 6 };
    match version {
        None => {}
        Some(4 | 6) if version == Some(real) => {}
        Some(4 | 6) => return Err(unfit("cidr", text, "does not match the ip_version")),
        Some(other) => return Err(unfit("ip_version", &other.to_string(), "is not in [4, 6]")),
    }
    let (first, _) = cidr::ends(&cidr);
    if first.is_multicast() || first.is_loopback() || (first.is_unspecified() && cidr.prefix_len() == 0) {
        return Err(unfit("cidr", text, "is not a prefix for machines (loopback, multicast or everything)"));
    }
    Ok(cidr)
}

/// The first usable address; of the smallest prefixes the first of all.
fn default_gateway(cidr: &IpNet) -> Option<IpAddr> {
    cidr::usable(cidr).map(|usable| usable.start)
}

fn gateway(text: &str, cidr: &IpNet) -> Result<IpAddr, NetworkError> {
    let ip = of_version("gateway_ip", address("gateway_ip", text)?, cidr)?;
    let link_local = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let inside = cidr::usable(cidr).is_some_and(|usable| cidr::in_pool(&usable, ip));
    // Routers may sit outside of the prefix, but not on its network or broadcast address.
    if cidr.contains(&ip) && !inside && !link_local {
        return Err(unfit(
            "gateway_ip",
            text,
            &format!("cannot be a gateway: it is the network or broadcast address of {cidr}"),
        ));
    }
    if ip.is_multicast() || ip.is_unspecified() || ip.is_loopback() {
        return Err(unfit("gateway_ip", text, "cannot be a gateway"));
    }
    Ok(ip)
}

fn modes(
    wanted: &CreateSubnet,
    cidr: &IpNet,
    enable_dhcp: bool,
) -> Result<(Option<String>, Option<String>), NetworkError> {
    let (ra, address) = (wanted.ipv6_ra_mode.clone().value(), wanted.ipv6_address_mode.clone().value());
    for (field, mode) in [("ipv6_ra_mode", &ra), ("ipv6_address_mode", &address)] {
        let Some(mode) = mode else { continue };
        if !IPV6_MODES.contains(&mode.as_str()) {
            return Err(unfit(field, mode, &format!("is not in {IPV6_MODES:?}")));
        }
        if matches!(cidr, IpNet::V4(_)) {
            return Err(NetworkError::invalid(format!(
                "Invalid input for operation: {field} is not valid when ip_version is 4."
            )));
        }
        if !enable_dhcp {
            return Err(NetworkError::invalid(format!(
                "Invalid input for operation: {field} cannot be set when enable_dhcp is set to False."
            )));
        }
        if mode != "dhcpv6-stateful" && cidr.prefix_len() != 64 {
            let message =
                format!("Invalid input for operation: Invalid CIDR {cidr} for IPv6 address mode: a /64 is needed.");
            return Err(NetworkError::invalid(message));
        }
    }
    if let (Some(ra), Some(address)) = (&ra, &address)
        && ra != address
    {
        let message = format!(
            "Invalid input for operation: ipv6_ra_mode set to '{ra}' with ipv6_address_mode set to '{address}' is not valid."
        );
        return Err(NetworkError::invalid(message));
    }
    Ok((ra, address))
}

fn checked_pools(wanted: &[WantedPool], net: &IpNet) -> Result<Vec<Pool>, NetworkError> {
    let mut pools = Vec::with_capacity(wanted.len());
    let usable = cidr::usable(net);
    for pool in wanted {
        let start = of_version("allocation_pools", address("allocation_pools", &pool.start)?, net)?;
        let end = of_version("allocation_pools", address("allocation_pools", &pool.end)?, net)?;
        if end < start {
            return Err(NetworkError::bad(
                "InvalidAllocationPool",
                format!("The allocation pool {start}-{end} is not valid."),
            ));
        }
        if !usable.is_some_and(|usable| cidr::in_pool(&usable, start) && cidr::in_pool(&usable, end)) {
            let message = format!("The allocation pool {start}-{end} spans beyond the subnet cidr {net}.");
            return Err(NetworkError::bad("OutOfBoundsAllocationPool", message));
        }
        pools.push(Pool { start, end });
    }
    pools.sort_by_key(|pool| pool.start);
    for pair in pools.windows(2) {
        let [a, b] = pair else { continue };
        if b.start <= a.end {
            let message = format!(
                "Found overlapping allocation pools: {}-{} {}-{} for subnet {net}.",
                a.start, a.end, b.start, b.end
            );
            return Err(NetworkError::conflict("OverlappingAllocationPools", message));
        }
    }
    Ok(pools)
}

fn gateway_outside_pools(gateway: Option<IpAddr>, pools: &[Pool]) -> Result<(), NetworkError> {
    let Some(gateway) = gateway else { return Ok(()) };
    match pools.iter().find(|pool| cidr::in_pool(pool, gateway)) {
        None => Ok(()),
        Some(pool) => {
            let message = format!("Gateway ip {gateway} conflicts with allocation pool {}-{}.", pool.start, pool.end);
            Err(NetworkError::conflict("GatewayConflictWithAllocationPools", message))
        }
    }
}

fn nameservers(wanted: Vec<String>) -> Result<Vec<IpAddr>, NetworkError> {
    if wanted.len() > MAX_NAMESERVERS {
        let message =
            format!("Unable to complete operation: the number of DNS nameservers exceeds the limit {MAX_NAMESERVERS}.");
        return Err(NetworkError::bad("DNSNameServersExhausted", message));
    }
    let mut servers: Vec<IpAddr> = Vec::with_capacity(wanted.len());
    for text in &wanted {
        let server = address("dns_nameservers", text)?;
        if servers.contains(&server) {
            return Err(unfit("dns_nameservers", text, "is a duplicate"));
        }
        servers.push(server);
    }
    Ok(servers)
}

fn host_routes(wanted: Vec<WantedRoute>, net: &IpNet) -> Result<Vec<HostRoute>, NetworkError> {
    if wanted.len() > MAX_HOST_ROUTES {
        let message =
            format!("Unable to complete operation: the number of host routes exceeds the limit {MAX_HOST_ROUTES}.");
        return Err(NetworkError::bad("HostRoutesExhausted", message));
    }
    let mut routes: Vec<HostRoute> = Vec::with_capacity(wanted.len());
    for route in &wanted {
        let destination = cidr::parse(&route.destination)
            .ok_or_else(|| unfit("host_routes", &route.destination, "is not a valid IP subnet"))?
            .trunc();
        of_version("host_routes", destination.network(), net)?;
        let nexthop = of_version("host_routes", address("host_routes", &route.nexthop)?, net)?;
        let route = HostRoute { destination, nexthop };
        if routes.contains(&route) {
            return Err(unfit("host_routes", &route.destination.to_string(), "is a duplicate"));
        }
        routes.push(route);
    }
    Ok(routes)
}
