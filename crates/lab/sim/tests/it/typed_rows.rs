//! Every typed row of the Northbound database is taken by the server and comes back as it was, through a `Connection`
//! with its replica; on the simulated server and on a real one.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_base::Clock;
use ferrostack_ovn::{
    Connection, ConnectionSettings, Contents, Endpoint, Operation, RowRef, Table,
    northbound::{self, *},
};
use ferrostack_sim::ovsdb::Ovsdb;
use uuid::Uuid;

use crate::real_server::RealServer;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn to(number: u128) -> RowRef {
    Uuid::from_u128(number).into()
}

type Check = Box<dyn Fn(&Contents)>;

/// The operations that insert everything, and what must be read back.
#[derive(Default)]
struct Everything {
    operations: Vec<Operation>,
    checks: Vec<Check>,
    tables: BTreeSet<&'static str>,
}

impl Everything {
    fn add<T: Table + PartialEq + std::fmt::Debug + 'static>(&mut self, number: u128, row: T) {
        let uuid = Uuid::from_u128(number);
        self.operations.push(row.insert(uuid));
        self.tables.insert(T::TABLE);
        self.checks.push(Box::new(move |contents| {
            let stored: T = contents.get(uuid).unwrap().unwrap_or_else(|| panic!("no {} {number}", T::TABLE));
            // Observed columns are northd's, so they are not compared; members are.
            assert_eq!(row.to_row(), stored.to_row(), "{}", T::TABLE);
            assert!(row.update(uuid, &stored).is_none(), "{}", T::TABLE);
        }));
    }
}

fn everything() -> Everything {
    let mut all = Everything::default();
    let ids = map(&[("id", "x")]);
    all.add(
        1,
        LogicalSwitch {
            name: "net".into(),
            ports: [to(2)].into(),
            acls: [to(3)].into(),
            qos_rules: [to(4)].into(),
            dns_records: [to(5)].into(),
            other_config: map(&[("mcast_snoop", "true")]),
            external_ids: ids.clone(),
        },
    );
    all.add(
        2,
        LogicalSwitchPort {
            name: "port".into(),
            port_type: "localnet".into(),
            options: map(&[("network_name", "physnet1")]),
            parent_name: Some("parent".into()),
            tag_request: Some(0),
            tag: Some(4095),
            addresses: texts(&["02:00:00:00:00:01 10.0.0.2", "unknown"]),
            port_security: texts(&["02:00:00:00:00:01 10.0.0.2/24"]),
            enabled: Some(false),
            dhcpv4_options: Some(to(6)),
            dhcpv6_options: Some(to(6)),
            ha_chassis_group: Some(to(7)),
            external_ids: ids.clone(),
            ..LogicalSwitchPort::default()
        },
    );
    all.add(
        3,
        Acl {
            name: Some("rule".into()),
            priority: 1002,
            direction: Direction::ToPort,
            r#match: "outport == @pg && ip4".into(),
            action: AclAction::AllowRelated,
            log: true,
            severity: Some(Severity::Info),
            meter: Some("meter".into()),
            label: 4_294_967_295,
            options: map(&[("log-related", "true")]),
            external_ids: ids.clone(),
        },
    );
    all.add(
        4,
        Qos {
            priority: 2002,
            direction: Direction::FromPort,
            r#match: "inport == \"port\"".into(),
            action: [("dscp".to_owned(), 10)].into(),
            bandwidth: [("rate".to_owned(), 1000), ("burst".to_owned(), 800)].into(),
            external_ids: ids.clone(),
        },
    );
    all.add(5, Dns { records: map(&[("vm.example.", "10.0.0.2 fd00::2")]), external_ids: ids.clone() });
    all.add(
        6,
        DhcpOptions { cidr: "10.0.0.0/24".into(), options: map(&[("lease_time", "3600")]), external_ids: ids.clone() },
    );
    all.add(7, HaChassisGroup { name: "group".into(), ha_chassis: [to(8)].into(), external_ids: ids.clone() });
    all.add(8, HaChassis { chassis_name: "chassis-1".into(), priority: 5, external_ids: ids.clone() });
    all.add(
        9,
        PortGroup { name: "pg".into(), ports: [to(2)].into(), acls: [to(10)].into(), external_ids: ids.clone() },
    );
    all.add(10, Acl { action: AclAction::Reject, r#match: "1".into(), ..Acl::default() });
    all.add(
        11,
        AddressSet { name: "as_ip4".into(), addresses: texts(&["10.0.0.2", "10.0.0.3"]), external_ids: ids.clone() },
    );
    all.add(
        12,
        LogicalRouter {
            name: "router".into(),
            ports: [to(13)].into(),
            static_routes: [to(14)].into(),
            nat: [to(15), to(16)].into(),
            enabled: Some(true),
            options: map(&[("always_learn_from_arp_request", "false")]),
            external_ids: ids.clone(),
        },
    );
    all.add(
        13,
        LogicalRouterPort {
            name: "lrp".into(),
            mac: "02:00:00:00:00:02".into(),
            networks: texts(&["10.0.0.1/24", "fd00::1/64"]),
            enabled: Some(true),
            gateway_chassis: [to(17)].into(),
            ha_chassis_group: Some(to(7)),
            ipv6_ra_configs: map(&[("address_mode", "slaac")]),
            options: map(&[("gateway_mtu", "1442")]),
            external_ids: ids.clone(),
            ..LogicalRouterPort::default()
        },
    );
    all.add(
        14,
        StaticRoute {
            ip_prefix: "0.0.0.0/0".into(),
            policy: Some(RoutePolicy::Source),
            nexthop: "192.0.2.1".into(),
            output_port: Some("lrp".into()),
            options: map(&[("ecmp_symmetric_reply", "true")]),
            external_ids: ids.clone(),
            route_table: "table".into(),
        },
    );
    all.add(
        15,
        Nat {
            nat_type: NatType::DnatAndSnat,
            external_ip: "192.0.2.10".into(),
            external_mac: Some("02:00:00:00:00:03".into()),
            logical_ip: "10.0.0.2".into(),
            logical_port: Some("port".into()),
            gateway_port: Some(to(13)),
            options: map(&[("stateless", "false")]),
            external_ids: ids.clone(),
            external_port_range: "1-65535".into(),
        },
    );
    all.add(
        16,
        Nat {
            nat_type: NatType::Snat,
            external_ip: "192.0.2.11".into(),
            logical_ip: "10.0.0.0/24".into(),
            ..Nat::default()
        },
    );
    all.add(
        17,
        GatewayChassis {
            name: "lrp_chassis-1".into(),
            chassis_name: "chassis-1".into(),
            priority: 1,
            external_ids: ids,
            ..GatewayChassis::default()
        },
    );
    all
}

async fn round_trip(endpoint: Endpoint) {
    let settings = ConnectionSettings::new(endpoint, northbound::DATABASE, "id", northbound::watched());
    let clock = Clock::system();
    let (connection, _events) = Connection::start(clock.clone(), settings);
    clock.timeout(std::time::Duration::from_secs(20), connection.connected()).await.unwrap();
    let all = everything();
    // Complete but for the one row about the whole, which northd or `ovn-nbctl init` makes.
    let typed: BTreeSet<String> =
        northbound::watched().iter().map(|watched| watched.table.as_ref().to_owned()).collect();
    assert_eq!(typed.len(), all.tables.len() + 1);
    connection.transact(&all.operations).await.unwrap();
    connection.replica().read(|contents| {
        all.checks.iter().for_each(|check| check(contents));
        assert_eq!(contents.find_external_id::<LogicalSwitchPort>("x").unwrap().len(), 1);
    });
    // A column taken back to its default is told as a difference, too.
    let stored: LogicalSwitchPort =
        connection.replica().read(|contents| contents.get(Uuid::from_u128(2))).unwrap().unwrap();
    let plain = LogicalSwitchPort { name: "port".into(), ..LogicalSwitchPort::default() };
    connection.transact(&[plain.update(Uuid::from_u128(2), &stored).unwrap()]).await.unwrap();
    let stored: LogicalSwitchPort =
        connection.replica().read(|contents| contents.get(Uuid::from_u128(2))).unwrap().unwrap();
    assert_eq!(stored.to_row(), plain.to_row());
}

#[tokio::test]
async fn every_typed_row_comes_back_from_the_simulated_server() {
    round_trip(Ovsdb::in_memory().endpoint()).await;
}

#[tokio::test]
async fn every_typed_row_comes_back_from_a_real_server() {
    let Some(server) = RealServer::start().await else { return };
    round_trip(server.endpoint()).await;
}
