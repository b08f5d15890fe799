//! Whole runs against the simulated OVN.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_db::testing::TestDb;
use ferrostack_ovn::{
    Condition, Connection, Operation, Row, RowRef, Table, Value,
    northbound::{
        Acl, DhcpOptions, HaChassisGroup, LogicalRouter, LogicalRouterPort, LogicalSwitch, LogicalSwitchPort, Nat,
        PortGroup, StaticRoute,
    },
};
use ferrostack_sim::{northd::SimulatedChassis, ovsdb::Ovsdb};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::{
    fixtures::{self, id},
    *,
};
use crate::{
    MIGRATIONS, Network, NetworkOptions,
    app::port::{ACTIVE, DOWN},
    error::NetworkError,
    ids::{Kind, NetworkId, PortId, RouterId, SecurityGroupId},
    store::{
        self,
        floating_ip::{Association, FloatingIpRow},
        network::NetworkRow,
        port::{DhcpOption, PortRow, ROUTER_GATEWAY, ROUTER_INTERFACE},
        router::{Gateway, RouterRow},
        security_group::SecurityGroupRow,
        security_group_rule::SecurityGroupRuleRow,
        subnet::SubnetRow,
    },
};

mod meddling;

/// Chassis are asked often, so that tests are short.
const PROBE: Duration = Duration::from_millis(100);
const DOWN_AFTER: Duration = Duration::from_millis(500);

/// One controller's network service with its syncer.
struct Controller {
    net: Network,
    leads: Arc<AtomicBool>,
    tasks: [AbortHandle; 2],
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

struct World {
    ovsdb: Ovsdb,
    clock: Clock,
    first: Controller,
    test_db: TestDb,
}

/// What is put into the database and the queue.
#[derive(Clone)]
enum Record {
    Network(NetworkRow),
    Subnet(SubnetRow),
    Port(PortRow),
    Router(RouterRow),
    FloatingIp(FloatingIpRow),
    Group(SecurityGroupRow, Vec<SecurityGroupRuleRow>),
}

impl World {
    /// On each database. Time passes, so that nothing hangs for want of a call.
    async fn each() -> Vec<Self> {
        let clock = Clock::system();
        let mut all = Vec::new();
        for test_db in TestDb::each(clock.clone(), &[MIGRATIONS]).await.unwrap() {
            let ovsdb = Ovsdb::in_memory();
            let endpoint = ovsdb.endpoint();
            all.push(Self::on(test_db, ovsdb, endpoint, &clock).await);
        }
        all
    }

    async fn on(test_db: TestDb, ovsdb: Ovsdb, endpoint: Endpoint, clock: &Clock) -> Self {
        let first = controller(&test_db, endpoint, clock, true);
        first.net.northbound().connected().await;
        Self { ovsdb, clock: clock.clone(), first, test_db }
    }

    fn net(&self) -> &Network {
        &self.first.net
    }

    async fn put(&self, records: &[Record]) {
        let net = self.net();
        net.db()
            .tx(|tx| async move {
                let mut changed = Vec::new();
                for record in records {
                    changed.push(match record {
                        Record::Network(row) => {
                            store::network::insert(&tx, std::slice::from_ref(row)).await?;
                            (Kind::Network, row.id.0, 1)
                        }
                        Record::Subnet(row) => {
                            store::subnet::insert(&tx, row).await?;
                            (Kind::Subnet, row.id.0, 1)
                        }
                        Record::Port(row) => {
                            for ip in &row.fixed_ips {
                                assert!(store::address::insert(&tx, ip.subnet_id, ip.ip_address, row.id).await?);
                            }
                            store::port::insert(&tx, row).await?;
                            (Kind::Port, row.id.0, 1)
                        }
                        Record::Router(row) => {
                            store::router::insert(&tx, row).await?;
                            (Kind::Router, row.id.0, 1)
                        }
                        Record::FloatingIp(row) => {
                            store::floating_ip::insert(&tx, row).await?;
                            (Kind::FloatingIp, row.id.0, 1)
                        }
                        Record::Group(row, rules) => {
                            store::security_group::insert(&tx, row).await?;
                            store::security_group_rule::insert(&tx, rules).await?;
                            (Kind::SecurityGroup, row.id.0, 1)
                        }
                    });
                }
                net.enqueue(&tx, &changed).await
            })
            .await
            .unwrap();
    }

    async fn update_port(&self, port: &mut PortRow) {
        port.standard.revision =
            store::port::find(self.net().db(), port.id).await.unwrap().unwrap().standard.revision + 1;
        let (net, port) = (self.net(), &*port);
        net.db()
            .tx(|tx| async move {
                assert!(store::port::update(&tx, port).await?);
                store::port::replace_groups(&tx, port.id, &port.security_groups).await?;
                net.enqueue(&tx, &[(Kind::Port, port.id.0, port.standard.revision)]).await
            })
            .await
            .unwrap();
    }

    async fn queued(&self) -> usize {
        store::sync::list(self.net().db(), 1000).await.unwrap().len()
    }

    /// Waits until the queue is empty.
    async fn settle(&self) {
        self.until("the queue is empty", async || self.queued().await == 0).await;
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        for _ in 0..1000 {
            if holds().await {
                return;
            }
            self.clock.sleep(Duration::from_millis(10)).await;
        }
        panic!("not in time: {what}");
    }

    async fn status(&self, port: u128) -> String {
        store::port::find(self.net().db(), PortId(id(port))).await.unwrap().unwrap().status
    }

    fn row<T: Table>(&self, uuid: Uuid) -> Option<T> {
        self.net().northbound().replica().read(|contents| contents.get(uuid)).unwrap()
    }

    fn all<T: Table>(&self) -> Vec<(Uuid, T)> {
        self.net().northbound().replica().read(|contents| contents.list()).unwrap()
    }

    /// Does something behind the service's back.
    async fn meddle(&self, operations: &[Operation]) {
        self.net().northbound().transact(operations).await.unwrap();
    }

    /// Everything is as the database wants it, when statuses have come.
    async fn assert_clean(&self) {
        let is_status = |found: &Difference| matches!(found.kind, DifferenceKind::Status { .. });
        self.until("statuses", async || !audit(self.net()).await.unwrap().iter().any(is_status)).await;
        assert_eq!(audit(self.net()).await.unwrap(), []);
    }
}

fn controller(test_db: &TestDb, endpoint: Endpoint, clock: &Clock, leads: bool) -> Controller {
    let (northbound, events) = Connection::start(clock.clone(), connection_settings(endpoint.clone()));
    let (southbound, bindings) = Connection::start(clock.clone(), southbound_settings(endpoint));
    let options = NetworkOptions { chassis_probe: PROBE, chassis_down_after: DOWN_AFTER, ..NetworkOptions::default() };
    let net = Network::new(test_db.db.clone(), northbound, southbound, options, clock.clone());
    let leads = Arc::new(AtomicBool::new(leads));
    let asked = leads.clone();
    let leader: Leader = Arc::new(move || asked.load(Ordering::SeqCst));
    let tasks = [
        tokio::spawn(run_syncer(net.clone(), events, leader.clone())).abort_handle(),
        tokio::spawn(run_southbound_watcher(net.clone(), bindings, leader)).abort_handle(),
    ];
    Controller { net, leads, tasks }
}

fn refs<const N: usize>(numbers: [u128; N]) -> BTreeSet<RowRef> {
    numbers.map(|number| id(number).into()).into()
}

/// A network 1 with a subnet 2, and a group 20 with a rule 50.
fn basics() -> Vec<Record> {
    vec![
        Record::Group(fixtures::security_group(20), vec![fixtures::rule(50, 20)]),
        Record::Network(fixtures::network(1)),
        Record::Subnet(fixtures::subnet(2, 1, "10.0.0.0/24")),
    ]
}

fn server_port(number: u128, ip: &str) -> PortRow {
    let mut port = fixtures::port(number, 1, &[(2, ip)]);
    port.security_groups = vec![SecurityGroupId(id(20))];
    port
}

/// The basics, an external network 5, a router 30 between them, a port 10 and its floating IP 40.
fn routed() -> Vec<Record> {
    let mut external = fixtures::network(5);
    (external.external, external.network_type, external.physical_network) = (true, "flat".into(), "public".into());
    external.segmentation_id = None;
    let mut inside = fixtures::port(11, 1, &[(2, "10.0.0.1")]);
    (inside.device_owner, inside.device_id) = (ROUTER_INTERFACE.into(), id(30).to_string());
    let mut outside = fixtures::port(12, 5, &[(6, "172.24.4.7")]);
    (outside.device_owner, outside.device_id) = (ROUTER_GATEWAY.into(), id(30).to_string());
    let mut router = fixtures::router(30);
    let external_fixed_ips = outside.fixed_ips.clone();
    router.gateway = Some(Gateway { network_id: NetworkId(id(5)), port_id: PortId(id(12)), external_fixed_ips });
    let mut floating = fixtures::floating_ip(40, 5, "172.24.4.9");
    floating.association = Some(Association {
        port_id: PortId(id(10)),
        fixed_ip_address: "10.0.0.5".parse().unwrap(),
        router_id: RouterId(id(30)),
    });
    let mut records = basics();
    records.extend([
        Record::Network(external),
        Record::Subnet(fixtures::subnet(6, 5, "172.24.4.0/24")),
        Record::Port(inside),
        Record::Port(outside),
        Record::Router(router),
        Record::Port(server_port(10, "10.0.0.5")),
        Record::FloatingIp(floating),
    ]);
    records
}

#[tokio::test]
async fn a_cloud_appears_in_ovn() {
    for world in World::each().await {
        world.put(&routed()).await;
        world.settle().await;
        let switch: LogicalSwitch = world.row(id(1)).unwrap();
        assert_eq!(switch.ports, refs([10, 11]));
        let outside: LogicalSwitch = world.row(id(5)).unwrap();
        assert_eq!(outside.ports.len(), 2, "the gateway and the physical network");
        let port: LogicalSwitchPort = world.row(id(10)).unwrap();
        assert_eq!(port.dhcpv4_options, Some(id(2).into()));
        assert!(world.row::<DhcpOptions>(id(2)).is_some());
        let group: PortGroup = world.row(id(20)).unwrap();
        assert_eq!((group.ports, group.acls), (refs([10]), refs([50])));
        let drop: PortGroup = world.row(names::drop_group()).unwrap();
        assert_eq!((drop.ports, drop.acls.len()), (refs([10]), 4));
        let router: LogicalRouter = world.row(id(30)).unwrap();
        assert_eq!(router.ports, refs([11, 12]));
        assert_eq!((router.static_routes.len(), router.nat.len()), (1, 2));
        assert!(world.row::<LogicalRouterPort>(id(12)).unwrap().ha_chassis_group.is_some());
        assert_eq!(world.row::<Nat>(id(40)).unwrap().logical_ip, "10.0.0.5");
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn what_is_deleted_disappears() {
    for world in World::each().await {
        world.put(&routed()).await;
        world.settle().await;
        let net = world.net();
        net.db()
            .tx(|tx| async move {
                store::floating_ip::delete(&tx, crate::FloatingIpId(id(40))).await?;
                for port in [10, 11, 12] {
                    store::port::delete(&tx, PortId(id(port))).await?;
                }
                store::router::delete(&tx, RouterId(id(30))).await?;
                for (network, subnet) in [(1, 2), (5, 6)] {
                    store::subnet::delete(&tx, crate::SubnetId(id(subnet))).await?;
                    store::network::delete(&tx, NetworkId(id(network))).await?;
                }
                store::security_group::delete(&tx, SecurityGroupId(id(20))).await?;
                let kinds = [
                    (Kind::FloatingIp, 40),
                    (Kind::Port, 10),
                    (Kind::Port, 11),
                    (Kind::Port, 12),
                    (Kind::Router, 30),
                    (Kind::Subnet, 2),
                    (Kind::Subnet, 6),
                    (Kind::Network, 1),
                    (Kind::Network, 5),
                    (Kind::SecurityGroup, 20),
                ];
                net.enqueue(&tx, &kinds.map(|(kind, number)| (kind, id(number), 2))).await
            })
            .await
            .unwrap();
        world.settle().await;
        assert!(world.all::<LogicalSwitch>().is_empty() && world.all::<LogicalSwitchPort>().is_empty());
        assert!(world.all::<LogicalRouter>().is_empty() && world.all::<LogicalRouterPort>().is_empty());
        assert!(world.all::<StaticRoute>().is_empty() && world.all::<Nat>().is_empty());
        assert!(world.all::<DhcpOptions>().is_empty());
        // What is left is the deployment's.
        let groups = world.all::<PortGroup>();
        assert_eq!(groups.iter().map(|(uuid, _)| *uuid).collect::<Vec<_>>(), [names::drop_group()]);
        assert_eq!(world.all::<Acl>().len(), 4);
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn a_port_brings_along_what_it_needs() {
    for world in World::each().await {
        world.put(&basics()).await;
        world.settle().await;
        // The network's rows vanish, and only the port is queued.
        world
            .meddle(&[
                Operation::delete(LogicalSwitch::TABLE, []),
                Operation::delete(DhcpOptions::TABLE, []),
                Operation::delete(PortGroup::TABLE, []),
            ])
            .await;
        world.put(&[Record::Port(server_port(10, "10.0.0.5"))]).await;
        world.settle().await;
        assert_eq!(world.row::<LogicalSwitch>(id(1)).unwrap().ports, refs([10]));
        assert_eq!(world.row::<PortGroup>(id(20)).unwrap().ports, refs([10]));
        assert_eq!(world.row::<LogicalSwitchPort>(id(10)).unwrap().dhcpv4_options, Some(id(2).into()));
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn groups_and_host_of_a_port_follow_it() {
    for world in World::each().await {
        let mut records = basics();
        records.push(Record::Group(fixtures::security_group(21), vec![]));
        let mut port = server_port(10, "10.0.0.5");
        records.push(Record::Port(port.clone()));
        world.put(&records).await;
        world.settle().await;
        port.security_groups = vec![SecurityGroupId(id(21))];
        port.binding_host = "node-1".into();
        world.update_port(&mut port).await;
        world.settle().await;
        assert!(world.row::<PortGroup>(id(20)).unwrap().ports.is_empty());
        assert_eq!(world.row::<PortGroup>(id(21)).unwrap().ports, refs([10]));
        assert_eq!(world.row::<LogicalSwitchPort>(id(10)).unwrap().options["requested-chassis"], "node-1");
        (port.port_security_enabled, port.security_groups) = (false, vec![]);
        world.update_port(&mut port).await;
        world.settle().await;
        for group in [id(21), names::drop_group()] {
            assert!(world.row::<PortGroup>(group).unwrap().ports.is_empty());
        }
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn a_floating_ip_moves_to_another_router() {
    for world in World::each().await {
        let mut records = routed();
        records.push(Record::Router(fixtures::router(31)));
        world.put(&records).await;
        world.settle().await;
        let mut floating =
            store::floating_ip::find(world.net().db(), crate::FloatingIpId(id(40))).await.unwrap().unwrap();
        floating.standard.revision += 1;
        floating.association = floating.association.map(|to| Association { router_id: RouterId(id(31)), ..to });
        let (net, floating) = (world.net(), &floating);
        net.db()
            .tx(|tx| async move {
                assert!(store::floating_ip::update(&tx, floating).await?);
                net.enqueue(&tx, &[(Kind::FloatingIp, id(40), 2)]).await
            })
            .await
            .unwrap();
        world.settle().await;
        assert_eq!(world.row::<LogicalRouter>(id(31)).unwrap().nat, refs([40]));
        assert!(!world.row::<LogicalRouter>(id(30)).unwrap().nat.contains(&id(40).into()));
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn options_of_a_port_follow_its_subnet() {
    for world in World::each().await {
        let mut records = basics();
        let mut port = server_port(10, "10.0.0.5");
        port.extra_dhcp_opts = vec![DhcpOption { opt_name: "mtu".into(), opt_value: "1300".into(), ip_version: 4 }];
        records.push(Record::Port(port));
        world.put(&records).await;
        world.settle().await;
        let mut subnet = fixtures::subnet(2, 1, "10.0.0.0/24");
        subnet.dns_nameservers = vec!["9.9.9.9".parse().unwrap()];
        subnet.standard.revision = 2;
        let (net, subnet) = (world.net(), &subnet);
        net.db()
            .tx(|tx| async move {
                assert!(store::subnet::update(&tx, subnet).await?);
                net.enqueue(&tx, &[(Kind::Subnet, id(2), 2)]).await
            })
            .await
            .unwrap();
        world.settle().await;
        let told = world.all::<DhcpOptions>();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|(_, row)| row.options["dns_server"] == "{9.9.9.9}"));
    }
}

#[tokio::test]
async fn one_bad_resource_does_not_stop_others() {
    for world in World::each().await {
        world.put(&basics()).await;
        world.settle().await;
        // Somebody else's port has the name.
        let name = id(10).to_string();
        let theirs = [
            Operation::insert_as(LogicalSwitchPort::TABLE, id(999), Row::new().with("name", name.as_str())),
            Operation::insert_as(
                LogicalSwitch::TABLE,
                id(998),
                Row::new().with("name", "theirs").with("ports", id(999)),
            ),
        ];
        world.meddle(&theirs).await;
        let ports: Vec<Record> =
            (10..13).map(|number| Record::Port(server_port(number, &format!("10.0.0.{number}")))).collect();
        world.put(&ports).await;
        world.until("only the bad one is left", async || world.queued().await == 1).await;
        // Changing it again and again leaves one row of it in the queue.
        let mut bad = server_port(10, "10.0.0.10");
        for _ in 0..3 {
            world.update_port(&mut bad).await;
        }
        world.until("only the bad one is left", async || world.queued().await == 1).await;
        assert_eq!(world.row::<LogicalSwitch>(id(1)).unwrap().ports, refs([11, 12]));
        assert_eq!(store::sync::list(world.net().db(), 10).await.unwrap()[0].resource_id, id(10));
        // When they are gone, it is done without anybody's doing.
        world.meddle(&[Operation::delete(LogicalSwitch::TABLE, [Condition::uuid(id(998))])]).await;
        world.settle().await;
        assert_eq!(world.row::<LogicalSwitch>(id(1)).unwrap().ports, refs([10, 11, 12]));
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn lost_answers_and_refusals_change_nothing_in_the_end() {
    for world in World::each().await {
        world.ovsdb.lose_next_answers(3);
        world.put(&routed()).await;
        world.settle().await;
        world.assert_clean().await;
        world.ovsdb.refuse_next(3);
        world.put(&[Record::Port(server_port(13, "10.0.0.13"))]).await;
        world.settle().await;
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn a_full_synchronization_finds_and_repairs_everything() {
    for world in World::each().await {
        world.put(&routed()).await;
        world.settle().await;
        world.first.leads.store(false, Ordering::SeqCst);
        world.clock.sleep(Duration::from_millis(50)).await;
        let foreign = LogicalSwitch { name: "theirs".into(), ..LogicalSwitch::default() };
        let orphan = LogicalSwitch {
            name: "orphan".into(),
            external_ids: wanted::map([(names::OWNER, &Owner::Resource(Kind::Network, id(77)).to_string())]),
            ..LogicalSwitch::default()
        };
        let stranger = Row::new().with("ports", Value::set([id(11).into()]));
        let damaged = Row::new().with("addresses", "router").with("external_ids", Value::map([]));
        world
            .meddle(&[
                Table::insert(&foreign, id(900)),
                Table::insert(&orphan, id(77)),
                Operation::update(PortGroup::TABLE, [Condition::uuid(id(20))], stranger),
                Operation::update(LogicalSwitchPort::TABLE, [Condition::uuid(id(10))], damaged),
                Operation::update(
                    LogicalRouter::TABLE,
                    [Condition::uuid(id(30))],
                    Row::new().with("nat", Value::empty_set()),
                ),
                Operation::delete(DhcpOptions::TABLE, [Condition::uuid(id(6))]),
            ])
            .await;
        let found = audit(world.net()).await.unwrap();
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        for part in [
            format!("network:{}: Logical_Switch {} should not be there", id(77), id(77)),
            format!("port:{}: Logical_Switch_Port {} differs in addresses, external_ids", id(10), id(10)),
            format!("port:{}: Logical_Switch_Port {} is not in port group {}", id(10), id(10), id(20)),
            format!("should not be in port group {}", id(20)),
            format!("floatingip:{}: NAT {} is missing", id(40), id(40)),
            format!("subnet:{}: DHCP_Options {} is missing", id(6), id(6)),
        ] {
            assert!(texts.iter().any(|text| text.contains(&part)), "{part}: {texts:#?}");
        }
        assert!(!full_sync(world.net()).await.unwrap().is_empty());
        world.assert_clean().await;
        assert_eq!(full_sync(world.net()).await.unwrap(), []);
        assert_eq!(world.row::<PortGroup>(id(20)).unwrap().ports, refs([10]));
        assert_eq!(world.row::<LogicalRouter>(id(30)).unwrap().nat.len(), 2);
        assert!(world.row::<LogicalSwitch>(id(900)).is_some(), "what is not ours is left alone");
    }
}

#[tokio::test]
async fn a_new_leader_repairs_what_an_empty_ovn_lacks() {
    for world in World::each().await {
        world.put(&routed()).await;
        world.settle().await;
        world.first.leads.store(false, Ordering::SeqCst);
        let empty = Ovsdb::in_memory();
        let second = controller(&world.test_db, empty.endpoint(), &world.clock, false);
        second.net.northbound().connected().await;
        world.clock.sleep(Duration::from_millis(50)).await;
        assert!(!audit(&second.net).await.unwrap().is_empty(), "nobody leads");
        second.leads.store(true, Ordering::SeqCst);
        second.net.wake();
        world.until("everything is there", async || audit(&second.net).await.unwrap().is_empty()).await;
    }
}

#[tokio::test]
async fn an_old_leader_is_refused_by_ovn() {
    for world in World::each().await {
        world.put(&basics()).await;
        world.settle().await;
        world.first.leads.store(false, Ordering::SeqCst);
        let owners = [Owner::Resource(Kind::Network, id(1))];
        let old = session::Session::new();
        old.carry_out(world.net(), &owners, plan::Mode::Full).await.unwrap();
        let new = session::Session::new();
        new.carry_out(world.net(), &owners, plan::Mode::Full).await.unwrap();
        // What the old one would send now:
        let row = Row::new().with("name", "stale");
        let sent = [old.fence(), Operation::update(LogicalSwitch::TABLE, [Condition::uuid(id(1))], row)];
        let refused = world.net().northbound().transact(&sent).await.unwrap_err();
        assert!(refused.is_stale(), "{refused}");
        assert_ne!(world.row::<LogicalSwitch>(id(1)).unwrap().name, "stale");
    }
}

#[tokio::test]
async fn two_leaders_at_once_do_no_harm() {
    for world in World::each().await {
        let second = controller(&world.test_db, world.ovsdb.endpoint(), &world.clock, true);
        second.net.northbound().connected().await;
        world.put(&basics()).await;
        for number in 10..40 {
            world.put(&[Record::Port(server_port(number, &format!("10.0.0.{number}")))]).await;
            second.net.wake();
        }
        world.settle().await;
        world.until("both are done", async || audit(world.net()).await.unwrap().is_empty()).await;
        assert_eq!(world.row::<LogicalSwitch>(id(1)).unwrap().ports.len(), 30);
    }
}

#[tokio::test]
async fn ports_are_active_while_a_chassis_has_them() {
    for world in World::each().await {
        let node = |name: &str, ip: &str| SimulatedChassis {
            name: name.into(),
            hostname: name.into(),
            tunnel_ip: ip.into(),
            bridge_mappings: "public:br-ex".into(),
        };
        let northd = world.ovsdb.northd();
        northd.add_chassis(&node("node-1", "192.0.2.1")).unwrap();
        let mut records = basics();
        let mut port = server_port(10, "10.0.0.5");
        port.binding_host = "node-1".into();
        records.push(Record::Port(port.clone()));
        world.put(&records).await;
        world.settle().await;
        let short = wait_ports_up(world.net(), &[port.id], Duration::from_millis(20)).await;
        assert!(matches!(short, Err(NetworkError::NotUp { ports, .. }) if ports == [port.id]));
        assert_eq!(world.status(10).await, DOWN);
        let (net, port_id) = (world.net().clone(), port.id);
        let waiting = tokio::spawn(async move { wait_ports_up(&net, &[port_id], Duration::from_secs(20)).await });
        northd.bind(&port.id.to_string(), "node-1").unwrap();
        waiting.await.unwrap().unwrap();
        world.until("the port is active", async || world.status(10).await == ACTIVE).await;
        northd.unbind(&port.id.to_string(), "node-1");
        world.until("the port is down", async || world.status(10).await == DOWN).await;
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn ports_of_a_dead_chassis_are_down_until_it_is_back() {
    for world in World::each().await {
        let northd = world.ovsdb.northd();
        for (name, ip) in [("node-1", "192.0.2.1"), ("node-2", "192.0.2.2")] {
            let (hostname, tunnel_ip) = (name.to_owned(), ip.to_owned());
            let bridge_mappings = "public:br-ex".to_owned();
            northd
                .add_chassis(&SimulatedChassis { name: name.to_owned(), hostname, tunnel_ip, bridge_mappings })
                .unwrap();
        }
        let mut records = basics();
        for (number, host) in [(10, "node-1"), (11, "node-2")] {
            let mut port = server_port(number, &format!("10.0.0.{number}"));
            port.binding_host = host.into();
            northd.bind(&port.id.to_string(), host).unwrap();
            records.push(Record::Port(port));
        }
        world.put(&records).await;
        let statuses = async || [world.status(10).await, world.status(11).await];
        world.until("both are active", async || statuses().await == [ACTIVE, ACTIVE]).await;
        northd.set_silent("node-1", true);
        world.until("one chassis is dead", async || statuses().await == [DOWN, ACTIVE]).await;
        let waited = wait_ports_up(world.net(), &[PortId(id(10))], Duration::from_millis(20)).await;
        assert!(matches!(waited, Err(NetworkError::NotUp { .. })));
        world.assert_clean().await;
        northd.set_silent("node-1", false);
        world.until("it is back", async || statuses().await == [ACTIVE, ACTIVE]).await;
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn statuses_that_moved_while_nobody_led_are_written_by_the_next_leader() {
    for world in World::each().await {
        world.put(&routed()).await;
        world.settle().await;
        world.until("a router's port is up by itself", async || world.status(11).await == ACTIVE).await;
        world.first.leads.store(false, Ordering::SeqCst);
        let net = world.net();
        net.wake();
        world.clock.sleep(Duration::from_millis(50)).await;
        net.db()
            .tx(|tx| async move { store::port::set_status(&tx, PortId(id(11)), DOWN, net.clock().now()).await })
            .await
            .unwrap();
        assert_eq!(world.status(11).await, DOWN);
        world.first.leads.store(true, Ordering::SeqCst);
        net.wake();
        world.until("it is active again", async || world.status(11).await == ACTIVE).await;
    }
}

#[tokio::test]
async fn gateways_are_on_the_chassis_that_have_a_way_out() {
    for world in World::each().await {
        let northd = world.ovsdb.northd();
        for (name, mappings) in [
            ("node-1", "public:br-ex"),
            ("node-2", "other:br-o,public:br-ex"),
            ("node-3", ""),
            ("node-4", "other:br-o"),
        ] {
            let ip = format!("192.0.2.{}", &name[5..]);
            let (name, hostname) = (name.to_owned(), name.to_owned());
            northd
                .add_chassis(&SimulatedChassis { name, hostname, tunnel_ip: ip, bridge_mappings: mappings.into() })
                .unwrap();
        }
        world.put(&routed()).await;
        let group = names::GatewayGroup::of(id(30), "public", &["public".to_owned()]).id();
        let members = || world.row::<HaChassisGroup>(group).map_or(0, |group| group.ha_chassis.len());
        world.until("two candidates", async || members() == 2).await;
        northd.set_silent("node-1", true);
        world.until("one candidate is dead", async || members() == 1).await;
        northd.set_silent("node-1", false);
        world.until("it is back", async || members() == 2).await;
        northd.remove_chassis("node-1").unwrap();
        world.until("one candidate", async || members() == 1).await;
        world.settle().await;
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn a_thousand_ports_take_no_longer_than_they_may() {
    let world = World::each().await.remove(0);
    world
        .put(&[
            Record::Group(fixtures::security_group(20), vec![]),
            Record::Network(fixtures::network(1)),
            Record::Subnet(fixtures::subnet(2, 1, "10.0.0.0/16")),
        ])
        .await;
    world.settle().await;
    let ports: Vec<Record> = (0..1000)
        .map(|number| {
            Record::Port(server_port(1000 + number, &format!("10.0.{}.{}", 1 + number / 200, 1 + number % 200)))
        })
        .collect();
    let inserted = world.clock.now();
    world.put(&ports).await;
    let queued = world.clock.now();
    world.settle().await;
    let took = Duration::from_micros(u64::try_from(world.clock.now().micros() - queued.micros()).unwrap());
    eprintln!("1000 ports: {} ms into the database, {took:?} to OVN", (queued.micros() - inserted.micros()) / 1000);
    assert_eq!(world.row::<LogicalSwitch>(id(1)).unwrap().ports.len(), 1000);
    // 300 a second, unoptimized and beside other tests.
    assert!(took < Duration::from_millis(3300), "{took:?}");
}

/// Names a Northbound database of a real OVN (`unix:PATH`) with nothing of value in it.
const NORTHBOUND_VARIABLE: &str = "FERROSTACK_TEST_OVN_NORTHBOUND";

#[tokio::test]
async fn a_real_ovn_takes_everything() {
    let Ok(endpoint) = std::env::var(NORTHBOUND_VARIABLE) else {
        return eprintln!("skipped: {NORTHBOUND_VARIABLE} is not set");
    };
    let clock = Clock::system();
    let test_db = TestDb::sqlite(clock.clone(), &[MIGRATIONS]).await.unwrap();
    let world = World::on(test_db, Ovsdb::in_memory(), endpoint.parse().unwrap(), &clock).await;
    let mut records = routed();
    let mut down = fixtures::network(7);
    (down.admin_state_up, down.network_type, down.physical_network) = (false, "vlan".into(), "physnet1".into());
    down.segmentation_id = Some(100);
    let mut v6 = fixtures::subnet(3, 1, "fd00::/64");
    (v6.ipv6_ra_mode, v6.ipv6_address_mode) = (Some("dhcpv6-stateful".into()), Some("dhcpv6-stateful".into()));
    let mut special = server_port(13, "10.0.0.13");
    special.binding_host = "node-1".into();
    let option = |name: &str, value: &str| DhcpOption { opt_name: name.into(), opt_value: value.into(), ip_version: 4 };
    special.extra_dhcp_opts = vec![option("bootfile-name", "pxelinux.0"), option("dns-server", "1.1.1.1,8.8.8.8")];
    let mut rules: Vec<SecurityGroupRuleRow> = Vec::new();
    for (protocol, ports) in [
        (Some("tcp"), Some((22, 80))),
        (Some("icmp"), Some((8, 0))),
        (Some("vrrp"), None),
        (Some("sctp"), Some((1, 1))),
        (None, None),
    ] {
        for (direction, ethertype) in [("ingress", "IPv4"), ("egress", "IPv6")] {
            let mut rule = fixtures::rule(60 + rules.len() as u128, 21);
            (rule.direction, rule.ethertype, rule.protocol) =
                (direction.into(), ethertype.into(), protocol.map(Into::into));
            (rule.port_range_min, rule.port_range_max) =
                ports.map_or((None, None), |(min, max)| (Some(min), Some(max)));
            rule.remote_group_id = Some(SecurityGroupId(id(20)));
            rules.push(rule);
        }
    }
    records.extend([
        Record::Network(down),
        Record::Subnet(v6),
        Record::Group(fixtures::security_group(21), rules),
        Record::Port(special),
    ]);
    world.put(&records).await;
    world.settle().await;
    world.assert_clean().await;
    assert_eq!(full_sync(world.net()).await.unwrap(), []);
    world.until("northd sees the router's ports", async || world.status(11).await == ACTIVE).await;
    if std::env::var_os("FERROSTACK_TEST_KEEP").is_none() {
        for table in
            [LogicalSwitch::TABLE, LogicalRouter::TABLE, PortGroup::TABLE, DhcpOptions::TABLE, HaChassisGroup::TABLE]
        {
            world.meddle(&[Operation::delete(table, [])]).await;
        }
    }
}
