//! A router with its ports, routes and source translation.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use ferrostack_ovn::northbound::{LogicalRouter, LogicalRouterPort, Nat, NatType, StaticRoute};
use ipnet::IpNet;

use super::{
    Owner,
    names::{self, GatewayGroup},
    translate_port::with_prefix,
    translate_subnet::name_servers,
    wanted::{Ids, Parent, Translation, WantedRow, map},
};
use crate::{
    ids::{Kind, NetworkId, SubnetId},
    store::{
        network::NetworkRow,
        port::{PortRow, ROUTER_GATEWAY},
        router::RouterRow,
        subnet::SubnetRow,
    },
};

/// What a router's rows depend on besides the router.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    /// Its interfaces and its gateway.
    pub(super) ports: &'a [PortRow],
    pub(super) subnets: &'a HashMap<SubnetId, SubnetRow>,
    pub(super) networks: &'a HashMap<NetworkId, NetworkRow>,
    /// The networks' metadata ports.
    pub(super) metadata: &'a HashMap<NetworkId, PortRow>,
    /// Those that there are.
    pub(super) physical_networks: &'a [String],
}

impl<'a> Around<'a> {
    fn on<'p>(self, port: &'p PortRow) -> impl Iterator<Item = (IpAddr, &'a SubnetRow)> + use<'a, 'p> {
        let subnets = self.subnets;
        port.fixed_ips.iter().filter_map(move |ip| Some((ip.ip_address, subnets.get(&ip.subnet_id)?)))
    }

    fn network(self, port: &PortRow) -> Option<&'a NetworkRow> {
        self.networks.get(&port.network_id)
    }
}

pub(super) fn translate(router: &RouterRow, around: Around<'_>) -> Translation {
    let owner = Owner::Resource(Kind::Router, router.id.0);
    let parent = Parent::of::<LogicalRouter>(router.id.0);
    let ids = || Ids::new(owner, Some(parent)).with("neutron:router_name", names::neutron(router.id));
    let (gateways, interfaces): (Vec<&PortRow>, Vec<&PortRow>) =
        around.ports.iter().partition(|port| port.device_owner == ROUTER_GATEWAY);
    let gateway =
        gateways.into_iter().find(|port| router.gateway.as_ref().is_some_and(|gateway| gateway.port_id == port.id));
    let mut own = Ids::new(owner, None).revision(router.standard.revision).with("neutron:router_name", &router.name);
    if let Some(gateway) = gateway {
        own = own.with("neutron:gw_port_id", gateway.id);
    }
    let row = LogicalRouter {
        name: names::neutron(router.id),
        enabled: Some(router.admin_state_up),
        options: map([("always_learn_from_arp_request", "false"), ("dynamic_neigh_routers", "true")]),
        external_ids: own.done(),
        ..LogicalRouter::default()
    };
    let mut rows = vec![WantedRow::new(router.id.0, None, row)];
    for port in interfaces.iter().copied().chain(gateway) {
        let row = router_port(router, port, around, ids());
        rows.extend(row.map(|row| WantedRow::new(port.id.0, Some(parent), row)));
    }
    for ((prefix, nexthop), (output_port, ids)) in routes(router, gateway, around, &ids) {
        let uuid = names::derived(router.id.0, &format!("route {prefix} {nexthop}"));
        let row = StaticRoute {
            ip_prefix: prefix.to_string(),
            nexthop: nexthop.to_string(),
            output_port,
            external_ids: ids.done(),
            ..StaticRoute::default()
        };
        rows.push(WantedRow::new(uuid, Some(parent), row));
    }
    let outside = gateway.filter(|_| router.enable_snat).and_then(|port| first_v4(port, around));
    if let Some(outside) = outside {
        for inside in inside_prefixes(&interfaces, around) {
            let row = Nat {
                nat_type: NatType::Snat,
                external_ip: outside.to_string(),
                logical_ip: inside.to_string(),
                external_ids: ids().done(),
                ..Nat::default()
            };
            rows.push(WantedRow::new(names::derived(router.id.0, &format!("snat {inside}")), Some(parent), row));
        }
    }
    Translation::new(owner, rows)
}

fn first_v4(port: &PortRow, around: Around<'_>) -> Option<IpAddr> {
    around.on(port).map(|(ip, _)| ip).find(IpAddr::is_ipv4)
}

fn inside_prefixes(interfaces: &[&PortRow], around: Around<'_>) -> BTreeSet<IpNet> {
    let subnets = interfaces.iter().flat_map(|port| around.on(port));
    subnets.map(|(_, subnet)| subnet.cidr).filter(|cidr| matches!(cidr, IpNet::V4(_))).collect()
}

/// A port of the router; none while it has no address, for OVN wants one.
fn router_port(router: &RouterRow, port: &PortRow, around: Around<'_>, ids: Ids) -> Option<LogicalRouterPort> {
    let networks: BTreeSet<String> = around.on(port).map(|(ip, subnet)| with_prefix(ip, subnet)).collect();
    if networks.is_empty() {
        return None;
    }
    let is_gateway = port.device_owner == ROUTER_GATEWAY;
    let subnets: Vec<String> = around.on(port).map(|(_, subnet)| subnet.id.to_string()).collect();
    let ids = ids
        .with("neutron:network_name", names::neutron(port.network_id))
        .with("neutron:subnet_ids", subnets.join(" "))
        .with("neutron:is_ext_gw", if is_gateway { "True" } else { "False" });
    let mut row = LogicalRouterPort {
        name: names::router_port(port.id),
        mac: port.mac_address.clone(),
        networks,
        enabled: Some(port.admin_state_up),
        external_ids: ids.done(),
        ..LogicalRouterPort::default()
    };
    let mtus = || around.ports.iter().filter_map(|port| around.network(port)).map(|network| network.mtu);
    if let Some(network) = around.network(port) {
        // Who sends more than this side takes is told (RFC 1191), instead of waiting for ever. The outside is told at the
        // gateway already: behind the translation OVN would name addresses to it that it does not know.
        let limit = if is_gateway { mtus().min().unwrap_or(network.mtu) } else { network.mtu };
        if mtus().max().is_some_and(|largest| largest > limit) {
            row.options.insert("gateway_mtu".into(), limit.to_string());
        }
        // On a physical network the router's one MAC address may be seen at one place only.
        if !is_gateway && router.gateway.is_some() && !network.physical_network.is_empty() {
            row.options.insert("reside-on-redirect-chassis".into(), "true".into());
        }
        if !is_gateway {
            row.ipv6_ra_configs = advertisements(port, network, around);
        }
    }
    if is_gateway {
        let physical_network = around.network(port).map_or("", |network| &network.physical_network);
        let group = GatewayGroup::of(router.id.0, physical_network, around.physical_networks);
        row.ha_chassis_group = Some(group.id().into());
    }
    Some(row)
}

/// How the router advertises itself and the IPv6 subnets of a port.
fn advertisements(port: &PortRow, network: &NetworkRow, around: Around<'_>) -> BTreeMap<String, String> {
    let advertised = around.on(port).find_map(|(_, subnet)| Some((subnet, subnet.ipv6_ra_mode.as_deref()?)));
    let Some((subnet, mode)) = advertised else { return BTreeMap::new() };
    let mut configs =
        map([("address_mode", &mode.replace('-', "_")), ("send_periodic", "true"), ("mtu", &network.mtu.to_string())]);
    // OVN takes one name server here.
    let servers = name_servers(subnet, around.metadata.get(&network.id));
    if let Some(server) = servers.iter().find(|server| server.is_ipv6()) {
        configs.insert("rdnss".into(), server.to_string());
    }
    configs
}

type Routes = BTreeMap<(IpNet, IpAddr), (Option<String>, Ids)>;

/// The routes that were asked for, and the way out through the gateway unless one of them says another.
fn routes(router: &RouterRow, gateway: Option<&PortRow>, around: Around<'_>, ids: &dyn Fn() -> Ids) -> Routes {
    let mut routes: Routes =
        router.routes.iter().map(|route| ((route.destination, route.nexthop), (None, ids()))).collect();
    let Some(gateway) = gateway else { return routes };
    let mut known: BTreeSet<IpNet> = router.routes.iter().map(|route| route.destination).collect();
    for (_, subnet) in around.on(gateway) {
        let Some(nexthop) = subnet.gateway_ip else { continue };
        let all = match subnet.cidr {
            IpNet::V4(_) => IpNet::V4(ipnet::Ipv4Net::default()),
            IpNet::V6(_) => IpNet::V6(ipnet::Ipv6Net::default()),
        };
        if known.insert(all) {
            let ids = ids().with("neutron:is_ext_gw", "true").with("neutron:subnet_id", subnet.id);
            routes.insert((all, nexthop), (Some(names::router_port(gateway.id)), ids));
        }
    }
    routes
}

#[cfg(test)]
mod tests {
    use ferrostack_ovn::Table;

    use super::*;
    use crate::{
        ids::PortId,
        ovn::fixtures::{self, all, id, typed},
        store::{
            port::ROUTER_INTERFACE,
            router::{Gateway, Route},
        },
    };

    struct World {
        router: RouterRow,
        ports: Vec<PortRow>,
        subnets: HashMap<SubnetId, SubnetRow>,
        networks: HashMap<NetworkId, NetworkRow>,
    }

    impl World {
        /// A router between 10.0.0.0/24 and, outside, 172.24.4.0/24.
        fn new() -> Self {
            let mut inside = fixtures::port(10, 1, &[(2, "10.0.0.1")]);
            inside.device_owner = ROUTER_INTERFACE.into();
            let mut outside = fixtures::port(11, 5, &[(6, "172.24.4.7")]);
            outside.device_owner = ROUTER_GATEWAY.into();
            let mut external = fixtures::network(5);
            (external.mtu, external.physical_network) = (1500, "public".into());
            let mut router = fixtures::router(30);
            let external_fixed_ips = outside.fixed_ips.clone();
            router.gateway =
                Some(Gateway { network_id: NetworkId(id(5)), port_id: PortId(id(11)), external_fixed_ips });
            let subnets = [fixtures::subnet(2, 1, "10.0.0.0/24"), fixtures::subnet(6, 5, "172.24.4.0/24")];
            Self {
                router,
                ports: vec![inside, outside],
                subnets: subnets.into_iter().map(|subnet| (subnet.id, subnet)).collect(),
                networks: [fixtures::network(1), external].into_iter().map(|network| (network.id, network)).collect(),
            }
        }

        fn translate(&self) -> Translation {
            let Self { router, ports, subnets, networks } = self;
            let physical_networks = &["public".to_owned()];
            translate(router, Around { ports, subnets, networks, metadata: &HashMap::new(), physical_networks })
        }
    }

    #[test]
    fn a_router_with_a_gateway_routes_and_translates() {
        let world = World::new();
        let translation = world.translate();
        let router: LogicalRouter = typed(&translation, id(30));
        assert_eq!(router.external_ids["neutron:gw_port_id"], id(11).to_string());
        let inside: LogicalRouterPort = typed(&translation, id(10));
        assert_eq!(inside.networks, BTreeSet::from(["10.0.0.1/24".to_owned()]));
        assert_eq!(inside.name, format!("lrp-{}", id(10)));
        assert_eq!(inside.options, map([("gateway_mtu", "1442")]));
        assert_eq!(inside.ha_chassis_group, None);
        let outside: LogicalRouterPort = typed(&translation, id(11));
        assert_eq!(
            outside.ha_chassis_group,
            Some(GatewayGroup::of(id(30), "public", &["public".to_owned()]).id().into())
        );
        assert_eq!(outside.options, map([("gateway_mtu", "1442")]));
        let routes: Vec<StaticRoute> = all(&translation);
        assert_eq!((routes[0].ip_prefix.as_str(), routes[0].nexthop.as_str()), ("0.0.0.0/0", "172.24.4.1"));
        assert_eq!(routes[0].output_port, Some(format!("lrp-{}", id(11))));
        let nat: Vec<Nat> = all(&translation);
        assert_eq!(nat.len(), 1);
        assert_eq!(
            (nat[0].nat_type, nat[0].external_ip.as_str(), nat[0].logical_ip.as_str()),
            (NatType::Snat, "172.24.4.7", "10.0.0.0/24")
        );
        let parent = Some(Parent::of::<LogicalRouter>(id(30)));
        assert!(translation.rows.iter().all(|row| row.row.table() == LogicalRouter::TABLE || row.parent == parent));
    }

    #[test]
    fn without_a_gateway_or_source_translation_nothing_is_translated() {
        let mut world = World::new();
        world.router.enable_snat = false;
        assert!(all::<Nat>(&world.translate()).is_empty());
        assert_eq!(all::<StaticRoute>(&world.translate()).len(), 1);
        world.router.enable_snat = true;
        world.router.gateway = None;
        let translation = world.translate();
        assert!(all::<Nat>(&translation).is_empty() && all::<StaticRoute>(&translation).is_empty());
        assert_eq!(all::<LogicalRouterPort>(&translation).len(), 1);
    }

    #[test]
    fn routes_of_users_stand_beside_or_instead_of_the_default_one() {
        let mut world = World::new();
        let route = |to: &str, via: &str| Route { destination: to.parse().unwrap(), nexthop: via.parse().unwrap() };
        world.router.routes = vec![route("192.168.0.0/16", "10.0.0.9")];
        let translation = world.translate();
        let mut prefixes: Vec<String> =
            all::<StaticRoute>(&translation).into_iter().map(|route| route.ip_prefix).collect();
        prefixes.sort();
        assert_eq!(prefixes, ["0.0.0.0/0", "192.168.0.0/16"]);
        world.router.routes = vec![route("0.0.0.0/0", "10.0.0.9")];
        let routes: Vec<StaticRoute> = all(&world.translate());
        assert_eq!(routes.len(), 1);
        assert_eq!(routes[0].nexthop, "10.0.0.9");
    }

    #[test]
    fn ipv6_subnets_are_advertised_in_their_mode() {
        let mut world = World::new();
        let mut subnet = fixtures::subnet(3, 1, "fd00::/64");
        subnet.ipv6_ra_mode = Some("dhcpv6-stateless".into());
        subnet.dns_nameservers = vec!["fd00::53".parse().unwrap()];
        world.subnets.insert(subnet.id, subnet);
        let mut port = fixtures::port(12, 1, &[(3, "fd00::1")]);
        port.device_owner = ROUTER_INTERFACE.into();
        world.ports.push(port);
        let row: LogicalRouterPort = typed(&world.translate(), id(12));
        let expected =
            [("address_mode", "dhcpv6_stateless"), ("mtu", "1442"), ("rdnss", "fd00::53"), ("send_periodic", "true")];
        assert_eq!(row.ipv6_ra_configs, map(expected));
        // IPv6 is routed, not translated.
        assert_eq!(all::<Nat>(&world.translate()).len(), 1);
    }

    #[test]
    fn a_port_without_addresses_is_left_out() {
        let mut world = World::new();
        world.ports[0].fixed_ips.clear();
        assert_eq!(all::<LogicalRouterPort>(&world.translate()).len(), 1);
    }
}
