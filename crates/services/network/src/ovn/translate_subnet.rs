//! What DHCP tells the ports of a subnet.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use ferrostack_ovn::northbound::DhcpOptions;
use ipnet::IpNet;
use uuid::Uuid;

use super::{
    Owner,
    dhcp_option::quoted,
    wanted::{Ids, Translation, WantedRow},
};
use crate::{
    ids::Kind,
    options::NetworkOptions,
    store::{network::NetworkRow, port::PortRow, subnet::SubnetRow},
};

/// Who answers where a subnet has no gateway: an address of no machine, from the link-local range.
const SERVER: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);

/// Where metadata is served (RFC 3927 has no room for it; guests know it from elsewhere).
const METADATA_ADDRESS: &str = "169.254.169.254/32";

/// What a subnet's answers depend on besides the subnet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) network: &'a NetworkRow,
    /// The network's metadata port.
    pub(super) metadata: Option<&'a PortRow>,
    pub(super) options: &'a NetworkOptions,
}

pub(super) fn translate(subnet: &SubnetRow, around: Around<'_>) -> Translation {
    let owner = Owner::Resource(Kind::Subnet, subnet.id.0);
    let told = dhcp_options(subnet, around).map(|told| {
        let row = DhcpOptions {
            cidr: subnet.cidr.to_string(),
            options: told,
            external_ids: Ids::new(owner, None)
                .revision(subnet.standard.revision)
                .with("subnet_id", subnet.id)
                .with("neutron:network_id", subnet.network_id)
                .done(),
        };
        WantedRow::new(subnet.id.0, None, row)
    });
    Translation::new(owner, told.into_iter().collect())
}

/// Whether DHCP answers on the subnet. With SLAAC nobody asks.
pub(super) fn has_dhcp(subnet: &SubnetRow) -> bool {
    subnet.enable_dhcp
        && match subnet.cidr {
            IpNet::V4(_) => true,
            IpNet::V6(_) => matches!(subnet.ipv6_address_mode.as_deref(), Some("dhcpv6-stateful" | "dhcpv6-stateless")),
        }
}

/// The options; none when DHCP does not answer.
pub(super) fn dhcp_options(subnet: &SubnetRow, around: Around<'_>) -> Option<BTreeMap<String, String>> {
    let Around { network, options, .. } = around;
    if !has_dhcp(subnet) {
        return None;
    }
    let domain = if network.dns_domain.is_empty() { &options.dns_domain } else { &network.dns_domain };
    let domain = domain.trim_end_matches('.');
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    let mut tell = |name: &str, value: String| drop(told.insert(name.to_owned(), value));
    let servers = name_servers(subnet, around.metadata);
    if !servers.is_empty() {
        tell("dns_server", braces(&servers));
    }
    match subnet.cidr {
        IpNet::V4(_) => {
            tell("server_id", subnet.gateway_ip.unwrap_or(IpAddr::V4(SERVER)).to_string());
            tell("server_mac", server_mac(subnet.id.0));
            tell("lease_time", options.dhcp_lease_s.to_string());
            tell("mtu", network.mtu.to_string());
            if !domain.is_empty() {
                tell("domain_name", quoted(domain));
            }
            if let Some(gateway) = subnet.gateway_ip {
                tell("router", gateway.to_string());
            }
            let metadata = around.metadata.and_then(|port| address_on(port, subnet));
            let mut routes: Vec<String> = metadata.map(|via| format!("{METADATA_ADDRESS},{via}")).into_iter().collect();
            routes.extend(subnet.host_routes.iter().map(|route| format!("{},{}", route.destination, route.nexthop)));
            if !routes.is_empty() {
                // Who gets routes in this way does not look at the router option (RFC 3442).
                routes.extend(subnet.gateway_ip.map(|gateway| format!("0.0.0.0/0,{gateway}")));
                tell("classless_static_route", braces(&routes));
            }
        }
        IpNet::V6(_) => {
            tell("server_id", server_mac(subnet.id.0));
            if !domain.is_empty() {
                tell("domain_search", quoted(domain));
            }
            if subnet.ipv6_address_mode.as_deref() == Some("dhcpv6-stateless") {
                tell("dhcpv6_stateless", "true".to_owned());
            }
        }
    }
    Some(told)
}

/// The address that a network's metadata port has of a subnet.
fn address_on(metadata: &PortRow, subnet: &SubnetRow) -> Option<IpAddr> {
    metadata.fixed_ips.iter().find(|ip| ip.subnet_id == subnet.id).map(|ip| ip.ip_address)
}

/// Who resolves names for the guests of a subnet: whom its owner names, else the forwarder behind the metadata port.
pub(crate) fn name_servers(subnet: &SubnetRow, metadata: Option<&PortRow>) -> Vec<IpAddr> {
    match subnet.dns_nameservers.as_slice() {
        [] => metadata.and_then(|port| address_on(port, subnet)).into_iter().collect(),
        named => named.to_vec(),
    }
}

fn braces(values: &[impl ToString]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("{{{}}}", values.join(", "))
}

/// The answering machine's MAC address: always the same for a subnet, and of a range that no port has.
fn server_mac(id: Uuid) -> String {
    let tail = &id.as_bytes()[11..];
    format!("0e:{}", tail.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ovn::fixtures, store::subnet::HostRoute};

    fn told(subnet: &SubnetRow) -> Option<BTreeMap<String, String>> {
        let (network, options) = (fixtures::network(1), NetworkOptions::default());
        dhcp_options(subnet, Around { network: &network, metadata: None, options: &options })
    }

    #[test]
    fn dhcpv4_tells_the_router_the_domain_and_the_mtu() {
        let subnet = fixtures::subnet(2, 1, "10.0.0.0/24");
        let told = told(&subnet).unwrap();
        let expected = [
            ("domain_name", "\"openstacklocal\""),
            ("lease_time", "86400"),
            ("mtu", "1442"),
            ("router", "10.0.0.1"),
            ("server_id", "10.0.0.1"),
            ("server_mac", "0e:00:00:00:00:02"),
        ];
        assert_eq!(told, super::super::wanted::map(expected));
    }

    #[test]
    fn host_routes_bring_the_default_route_along() {
        let mut subnet = fixtures::subnet(2, 1, "10.0.0.0/24");
        subnet.dns_nameservers = vec!["1.1.1.1".parse().unwrap(), "8.8.8.8".parse().unwrap()];
        subnet.host_routes =
            vec![HostRoute { destination: "192.168.0.0/16".parse().unwrap(), nexthop: "10.0.0.9".parse().unwrap() }];
        let with = told(&subnet).unwrap();
        assert_eq!(with["classless_static_route"], "{192.168.0.0/16,10.0.0.9, 0.0.0.0/0,10.0.0.1}");
        assert_eq!(with["dns_server"], "{1.1.1.1, 8.8.8.8}");
        subnet.gateway_ip = None;
        let without = told(&subnet).unwrap();
        assert_eq!(without["classless_static_route"], "{192.168.0.0/16,10.0.0.9}");
        assert!(!without.contains_key("router"));
        assert_eq!(without["server_id"], "169.254.169.253");
    }

    #[test]
    fn metadata_and_name_resolution_are_behind_the_metadata_port() {
        let (network, options) = (fixtures::network(1), NetworkOptions::default());
        let port = fixtures::port(10, 1, &[(2, "10.0.0.2"), (3, "fd00::2")]);
        let told = |subnet: &SubnetRow| {
            dhcp_options(subnet, Around { network: &network, metadata: Some(&port), options: &options })
        };
        let mut subnet = fixtures::subnet(2, 1, "10.0.0.0/24");
        let own = told(&subnet).unwrap();
        assert_eq!(own["classless_static_route"], "{169.254.169.254/32,10.0.0.2, 0.0.0.0/0,10.0.0.1}");
        assert_eq!(own["dns_server"], "{10.0.0.2}");
        subnet.dns_nameservers = vec!["1.1.1.1".parse().unwrap()];
        subnet.gateway_ip = None;
        let named = told(&subnet).unwrap();
        assert_eq!(named["classless_static_route"], "{169.254.169.254/32,10.0.0.2}");
        assert_eq!(named["dns_server"], "{1.1.1.1}");
        let mut subnet = fixtures::subnet(3, 1, "fd00::/64");
        subnet.ipv6_address_mode = Some("dhcpv6-stateless".into());
        assert_eq!(told(&subnet).unwrap()["dns_server"], "{fd00::2}");
        // Of a subnet without an address for the port nothing is told.
        assert!(!told(&fixtures::subnet(4, 1, "10.4.0.0/24")).unwrap().contains_key("dns_server"));
    }

    #[test]
    fn dhcpv6_answers_only_in_the_modes_that_ask() {
        let mut subnet = fixtures::subnet(2, 1, "fd00::/64");
        assert_eq!(told(&subnet), None);
        subnet.ipv6_address_mode = Some("slaac".into());
        assert_eq!(told(&subnet), None);
        subnet.ipv6_address_mode = Some("dhcpv6-stateless".into());
        assert_eq!(told(&subnet).unwrap()["dhcpv6_stateless"], "true");
        subnet.ipv6_address_mode = Some("dhcpv6-stateful".into());
        assert!(!told(&subnet).unwrap().contains_key("dhcpv6_stateless"));
        subnet.enable_dhcp = false;
        assert_eq!(told(&subnet), None);
    }
}
