//! Prefixes, ranges and what overlaps.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::store::{
    address::{address, number},
    subnet::Pool,
};

/// A prefix, or an address as the prefix of itself.
pub(crate) fn parse(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Whether two prefixes have an address in common.
pub(crate) fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

/// First and last address of a prefix.
pub(crate) fn ends(net: &IpNet) -> (IpAddr, IpAddr) {
    (net.network(), net.broadcast())
}

/// The addresses that machines may have: of IPv4 all but the first and the last, of IPv6 all but the first (the anycast
/// address of routers); of the smallest prefixes (/31, /32, /127, /128) all.
pub(crate) fn usable(net: &IpNet) -> Option<Pool> {
    let (first, last) = ends(net);
    let small = net.max_prefix_len() - net.prefix_len() <= 1;
    let start = if small { number(first) } else { number(first) + 1 };
    let end = if small || matches!(net, IpNet::V6(_)) { number(last) } else { number(last).checked_sub(1)? };
    (start <= end).then(|| Pool { start: address(start, first), end: address(end, first) })
}

/// The pools that a subnet gets when the request names none: all usable addresses but the gateway's.
pub(crate) fn default_pools(net: &IpNet, gateway: Option<IpAddr>) -> Vec<Pool> {
    let Some(all) = usable(net) else { return Vec::new() };
    let (start, end) = (number(all.start), number(all.end));
    let Some(gateway) = gateway.map(number).filter(|gateway| (start..=end).contains(gateway)) else { return vec![all] };
    let mut pools = Vec::new();
    if gateway > start {
        pools.push(Pool { start: all.start, end: address(gateway - 1, all.start) });
    }
    if gateway < end {
        pools.push(Pool { start: address(gateway + 1, all.start), end: all.end });
    }
    pools
}

/// Whether an address lies in a pool.
pub(crate) fn in_pool(pool: &Pool, ip: IpAddr) -> bool {
    pool.start.is_ipv4() == ip.is_ipv4() && pool.start <= ip && ip <= pool.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pools(net: &str, gateway: Option<&str>) -> Vec<String> {
        let pools = default_pools(&net.parse().unwrap(), gateway.map(|ip| ip.parse().unwrap()));
        pools.iter().map(|pool| format!("{}-{}", pool.start, pool.end)).collect()
    }

    #[test]
    fn default_pools_leave_out_the_ends_and_the_gateway() {
        assert_eq!(pools("10.0.0.0/24", Some("10.0.0.1")), ["10.0.0.2-10.0.0.254"]);
        assert_eq!(pools("10.0.0.0/24", Some("10.0.0.100")), ["10.0.0.1-10.0.0.99", "10.0.0.101-10.0.0.254"]);
        assert_eq!(pools("10.0.0.0/24", Some("10.0.0.254")), ["10.0.0.1-10.0.0.253"]);
        assert_eq!(pools("10.0.0.0/24", None), ["10.0.0.1-10.0.0.254"]);
        assert_eq!(pools("10.0.0.0/31", None), ["10.0.0.0-10.0.0.1"]);
        assert_eq!(pools("2001:db8::/64", Some("2001:db8::1")), ["2001:db8::2-2001:db8::ffff:ffff:ffff:ffff"]);
        assert_eq!(pools("2001:db8::/64", Some("fe80::1")), ["2001:db8::1-2001:db8::ffff:ffff:ffff:ffff"]);
        assert_eq!(pools("0.0.0.0/0", None), ["0.0.0.1-255.255.255.254"]);
    }

    #[test]
    fn prefixes_overlap_when_one_is_within_the_other() {
        let net = |text: &str| parse(text).unwrap();
        assert!(overlap(&net("10.0.0.0/8"), &net("10.1.0.0/16")));
        assert!(overlap(&net("10.1.2.3"), &net("10.0.0.0/8")));
        assert!(!overlap(&net("10.0.0.0/24"), &net("10.0.1.0/24")));
        assert!(!overlap(&net("::/0"), &net("10.0.0.0/8")));
    }
}
