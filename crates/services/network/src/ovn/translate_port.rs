//! A port is a port of its network's switch. Who belongs to a router points to the router's port; who only holds the
//! address of a floating IP is nothing in OVN.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use ferrostack_ovn::{
    RowRef,
    northbound::{DhcpOptions, LogicalSwitch, LogicalSwitchPort},
};

use super::{
    Owner, dhcp_option, names,
    translate_subnet::{self, dhcp_options, has_dhcp},
    wanted::{Ids, Parent, Translation, WantedRow, map},
};
use crate::{
    ids::{Kind, SubnetId},
    options::NetworkOptions,
    store::{
        network::NetworkRow,
        port::{FLOATING_IP, METADATA, PortRow, ROUTER_GATEWAY},
        subnet::SubnetRow,
    },
};

/// What a port's rows depend on besides the port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) network: &'a NetworkRow,
    /// The network's metadata port.
    pub(super) metadata: Option<&'a PortRow>,
    pub(super) subnets: &'a HashMap<SubnetId, SubnetRow>,
    pub(super) options: &'a NetworkOptions,
}

pub(super) fn translate(port: &PortRow, around: Around<'_>) -> Translation {
    let owner = Owner::Resource(Kind::Port, port.id.0);
    let mut translation = Translation::new(owner, Vec::new());
    if !is_in_ovn(port) {
        return translation;
    }
    let parent = Parent::of::<LogicalSwitch>(port.network_id.0);
    let mut row = LogicalSwitchPort {
        name: port.id.to_string(),
        enabled: Some(port.admin_state_up),
        external_ids: external_ids(port, around, Ids::new(owner, Some(parent))),
        ..LogicalSwitchPort::default()
    };
    if port.is_router_port() {
        row.port_type = "router".into();
        row.addresses = BTreeSet::from(["router".to_owned()]);
        row.options = map([("router-port", &names::router_port(port.id))]);
        if port.device_owner == ROUTER_GATEWAY {
            // The gateway tells its neighbours where the addresses are that it translates.
            row.options.extend(map([("nat-addresses", "router"), ("exclude-lb-vips-from-garp", "true")]));
        }
    } else {
        row.addresses = addresses(port);
        if port.device_owner == METADATA {
            row.port_type = "localport".into();
        } else if !port.binding_host.is_empty() {
            row.options = map([("requested-chassis", &port.binding_host)]);
        }
        if is_secured(port) {
            row.port_security = port_security(port);
            translation.joins = port.security_groups.iter().map(|group| group.0).collect();
            translation.joins.insert(names::drop_group());
        }
        if !is_of_network(port) {
            for version in [4, 6] {
                let (reference, own) = dhcp(port, around, owner, version);
                translation.rows.extend(own);
                *(if version == 4 { &mut row.dhcpv4_options } else { &mut row.dhcpv6_options }) = reference;
            }
        }
    }
    translation.rows.push(WantedRow::new(port.id.0, Some(parent), row));
    translation
}

/// Whether OVN has something of the port at all.
pub(super) fn is_in_ovn(port: &PortRow) -> bool {
    port.device_owner != FLOATING_IP
}

/// Ports of the network itself are trusted, and configured by who made them.
fn is_of_network(port: &PortRow) -> bool {
    port.device_owner.starts_with("network:")
}

fn is_secured(port: &PortRow) -> bool {
    port.port_security_enabled && !is_of_network(port)
}

/// The subnet whose DHCP answers the port.
pub(super) fn dhcp_subnet<'a>(
    port: &PortRow,
    subnets: &'a HashMap<SubnetId, SubnetRow>,
    version: u8,
) -> Option<&'a SubnetRow> {
    let own = port.fixed_ips.iter().filter_map(|ip| subnets.get(&ip.subnet_id));
    own.into_iter().find(|subnet| subnet.ip_version() == version && has_dhcp(subnet))
}

fn external_ids(port: &PortRow, around: Around<'_>, ids: Ids) -> BTreeMap<String, String> {
    let prefix = |ip: &crate::store::port::PortAddress| {
        let length = around.subnets.get(&ip.subnet_id).map(|subnet| subnet.cidr.prefix_len());
        length.map_or_else(|| ip.ip_address.to_string(), |length| format!("{}/{length}", ip.ip_address))
    };
    let groups: Vec<String> =
        if is_secured(port) { port.security_groups.iter().map(ToString::to_string).collect() } else { Vec::new() };
    ids.revision(port.standard.revision)
        .with("neutron:port_name", &port.name)
        .with("neutron:device_id", &port.device_id)
        .with("neutron:device_owner", &port.device_owner)
        .with("neutron:project_id", &port.project_id)
        .with("neutron:network_name", names::neutron(port.network_id))
        .with("neutron:cidrs", port.fixed_ips.iter().map(prefix).collect::<Vec<_>>().join(" "))
        .with(names::SECURITY_GROUP_IDS, groups.join(" "))
        .done()
}

fn join(mac: &str, ips: impl IntoIterator<Item = String>) -> String {
    let mut text = mac.to_owned();
    for ip in ips {
        text.push(' ');
        text.push_str(&ip);
    }
    text
}

fn own_addresses(port: &PortRow) -> impl Iterator<Item = String> {
    port.fixed_ips.iter().map(|ip| ip.ip_address.to_string())
}

/// Where the switch finds the port.
fn addresses(port: &PortRow) -> BTreeSet<String> {
    let mut addresses = BTreeSet::from([join(&port.mac_address, own_addresses(port))]);
    if is_secured(port) {
        let others = port.allowed_address_pairs.iter().map(|pair| &pair.mac_address);
        addresses.extend(others.filter(|mac| **mac != port.mac_address).cloned());
    } else if port.device_owner != METADATA {
        addresses.insert("unknown".to_owned());
    }
    addresses
}

/// What the port may send from, one text per MAC address.
fn port_security(port: &PortRow) -> BTreeSet<String> {
    let mut allowed: BTreeMap<&str, Vec<String>> =
        BTreeMap::from([(port.mac_address.as_str(), own_addresses(port).collect())]);
    for pair in &port.allowed_address_pairs {
        let ips = allowed.entry(&pair.mac_address).or_default();
        if !ips.contains(&pair.ip_address) {
            ips.push(pair.ip_address.clone());
        }
    }
    allowed.into_iter().map(|(mac, ips)| join(mac, ips)).collect()
}

/// Which answers the port gets to DHCP: its subnet's, or, when it has options of its own, a row of its own.
fn dhcp(port: &PortRow, around: Around<'_>, owner: Owner, version: u8) -> (Option<RowRef>, Option<WantedRow>) {
    let own: Vec<_> = port.extra_dhcp_opts.iter().filter(|option| option.ip_version == version).collect();
    if own.iter().any(|option| option.opt_name == "dhcp_disabled" && option.opt_value.eq_ignore_ascii_case("true")) {
        return (None, None);
    }
    let Some(subnet) = dhcp_subnet(port, around.subnets, version) else { return (None, None) };
    let own: Vec<_> =
        own.iter().filter_map(|option| dhcp_option::in_ovn(&option.opt_name, &option.opt_value, version)).collect();
    let Around { network, metadata, options, .. } = around;
    let about = translate_subnet::Around { network, metadata, options };
    let Some(mut told) = dhcp_options(subnet, about).filter(|_| !own.is_empty()) else {
        return (Some(subnet.id.0.into()), None);
    };
    told.extend(own);
    let ids = Ids::new(owner, None).with("subnet_id", subnet.id).with("port_id", port.id);
    let row = DhcpOptions { cidr: subnet.cidr.to_string(), options: told, external_ids: ids.done() };
    let uuid = names::derived(port.id.0, &format!("dhcp{version}"));
    (Some(uuid.into()), Some(WantedRow::new(uuid, None, row)))
}

/// An address with its subnet's prefix length.
pub(super) fn with_prefix(ip: IpAddr, subnet: &SubnetRow) -> String {
    format!("{ip}/{}", subnet.cidr.prefix_len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::SecurityGroupId,
        ovn::fixtures::{self, id, typed},
        store::port::{AddressPair, DhcpOption, ROUTER_INTERFACE},
    };

    struct World {
        network: NetworkRow,
        subnets: HashMap<SubnetId, SubnetRow>,
        options: NetworkOptions,
    }

    impl World {
        fn new() -> Self {
            let subnets = [fixtures::subnet(2, 1, "10.0.0.0/24"), fixtures::subnet(3, 1, "fd00::/64")];
            let subnets = subnets.into_iter().map(|subnet| (subnet.id, subnet)).collect();
            Self { network: fixtures::network(1), subnets, options: NetworkOptions::default() }
        }

        fn translate(&self, port: &PortRow) -> Translation {
            let network = &self.network;
            translate(port, Around { network, metadata: None, subnets: &self.subnets, options: &self.options })
        }
    }

    fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
        texts.map(str::to_owned).into()
    }

    #[test]
    fn a_servers_port_has_its_addresses_its_host_and_its_groups() {
        let mut port = fixtures::port(10, 1, &[(2, "10.0.0.5")]);
        port.binding_host = "node-1".into();
        port.security_groups = vec![SecurityGroupId(id(20))];
        let translation = World::new().translate(&port);
        let row: LogicalSwitchPort = typed(&translation, port.id.0);
        assert_eq!(row.name, port.id.to_string());
        assert_eq!(row.addresses, texts(["fa:16:3e:00:00:0a 10.0.0.5"]));
        assert_eq!(row.port_security, texts(["fa:16:3e:00:00:0a 10.0.0.5"]));
        assert_eq!(row.options, map([("requested-chassis", "node-1")]));
        assert_eq!((row.port_type.as_str(), row.enabled), ("", Some(true)));
        assert_eq!(row.dhcpv4_options, Some(id(2).into()));
        assert_eq!(row.dhcpv6_options, None);
        assert_eq!(row.external_ids["neutron:cidrs"], "10.0.0.5/24");
        assert_eq!(row.external_ids["neutron:security_group_ids"], id(20).to_string());
        assert_eq!(translation.joins, BTreeSet::from([id(20), names::drop_group()]));
        assert_eq!(translation.rows[0].parent, Some(Parent::of::<LogicalSwitch>(id(1))));
    }

    #[test]
    fn without_port_security_everything_may_pass() {
        let mut port = fixtures::port(10, 1, &[(2, "10.0.0.5")]);
        port.port_security_enabled = false;
        let translation = World::new().translate(&port);
        let row: LogicalSwitchPort = typed(&translation, port.id.0);
        assert_eq!(row.addresses, texts(["fa:16:3e:00:00:0a 10.0.0.5", "unknown"]));
        assert!(row.port_security.is_empty() && translation.joins.is_empty());
    }

    #[test]
    fn address_pairs_are_allowed_by_mac() {
        let mut port = fixtures::port(10, 1, &[(2, "10.0.0.5")]);
        let pair = |ip: &str, mac: &str| AddressPair { ip_address: ip.into(), mac_address: mac.into() };
        let mac = port.mac_address.clone();
        port.allowed_address_pairs = vec![pair("10.0.0.100", &mac), pair("10.9.0.0/16", "fa:16:3e:ff:ff:ff")];
        let row: LogicalSwitchPort = typed(&World::new().translate(&port), port.id.0);
        assert_eq!(
            row.port_security,
            texts(["fa:16:3e:00:00:0a 10.0.0.5 10.0.0.100", "fa:16:3e:ff:ff:ff 10.9.0.0/16"])
        );
        assert_eq!(row.addresses, texts(["fa:16:3e:00:00:0a 10.0.0.5", "fa:16:3e:ff:ff:ff"]));
    }

    #[test]
    fn ports_of_routers_point_to_the_router() {
        for (owner, more) in [(ROUTER_INTERFACE, false), (ROUTER_GATEWAY, true)] {
            let mut port = fixtures::port(10, 1, &[(2, "10.0.0.1")]);
            port.device_owner = owner.into();
            let translation = World::new().translate(&port);
            let row: LogicalSwitchPort = typed(&translation, port.id.0);
            assert_eq!(row.port_type, "router");
            assert_eq!(row.addresses, texts(["router"]));
            assert_eq!(row.options["router-port"], format!("lrp-{}", port.id));
            assert_eq!(row.options.contains_key("nat-addresses"), more);
            assert!(row.port_security.is_empty() && translation.joins.is_empty() && row.dhcpv4_options.is_none());
        }
    }

    #[test]
    fn the_holder_of_a_floating_address_is_nothing_in_ovn() {
        let mut port = fixtures::port(10, 1, &[(2, "10.0.0.5")]);
        port.device_owner = FLOATING_IP.into();
        assert!(World::new().translate(&port).rows.is_empty());
    }

    #[test]
    fn options_of_a_port_make_a_row_of_its_own() {
        let mut port = fixtures::port(10, 1, &[(2, "10.0.0.5")]);
        let option =
            |name: &str, value: &str| DhcpOption { opt_name: name.into(), opt_value: value.into(), ip_version: 4 };
        port.extra_dhcp_opts = vec![option("mtu", "1300")];
        let translation = World::new().translate(&port);
        let row: LogicalSwitchPort = typed(&translation, port.id.0);
        let uuid = row.dhcpv4_options.and_then(|reference| reference.uuid()).unwrap();
        assert_ne!(uuid, id(2));
        let told: DhcpOptions = typed(&translation, uuid);
        assert_eq!((told.options["mtu"].as_str(), told.options["router"].as_str()), ("1300", "10.0.0.1"));
        port.extra_dhcp_opts = vec![option("dhcp_disabled", "true")];
        let row: LogicalSwitchPort = typed(&World::new().translate(&port), port.id.0);
        assert_eq!(row.dhcpv4_options, None);
    }

    #[test]
    fn a_port_without_addresses_has_its_mac_alone() {
        let port = fixtures::port(10, 1, &[]);
        let row: LogicalSwitchPort = typed(&World::new().translate(&port), port.id.0);
        assert_eq!(row.addresses, texts(["fa:16:3e:00:00:0a"]));
        assert_eq!(row.port_security, texts(["fa:16:3e:00:00:0a"]));
    }
}
