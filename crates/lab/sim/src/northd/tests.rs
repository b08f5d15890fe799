use std::collections::{BTreeMap, BTreeSet};

use ferrostack_base::Clock;
use ferrostack_ovn::{
    Condition, Connection, ConnectionSettings, Mutation, Operation, RowRef, Table, WatchedTable,
    northbound::{self, LogicalSwitch, LogicalSwitchPort, NbGlobal},
    southbound::{self, Chassis, PortBinding},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::SimulatedChassis;
use crate::ovsdb::{Ovsdb, OvsdbError};

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn chassis(number: u8) -> SimulatedChassis {
    SimulatedChassis {
        name: format!("chassis-{number}"),
        hostname: format!("node-{number}"),
        tunnel_ip: format!("192.0.2.{number}"),
        bridge_mappings: "physnet1:br-ex".into(),
    }
}

struct Cloud {
    server: Ovsdb,
    north: Connection,
    south: Connection,
}

impl Cloud {
    /// Two chassis.
    async fn begin(server: Ovsdb) -> Self {
        let clock = Clock::system();
        let connect = |database, tables: Vec<WatchedTable>| {
            Connection::start(clock.clone(), ConnectionSettings::new(server.endpoint(), database, "id", tables)).0
        };
        let north = connect(northbound::DATABASE, northbound::watched());
        let south = connect(southbound::DATABASE, southbound::watched());
        north.connected().await;
        south.connected().await;
        for number in [1, 2] {
            server.northd().add_chassis(&chassis(number)).unwrap();
        }
        Self { server, north, south }
    }

    /// Switch 1 with ports of these numbers and types.
    async fn switch(&self, ports: &[(u128, LogicalSwitchPort)]) {
        let members: BTreeSet<RowRef> = ports.iter().map(|(number, _)| id(*number).into()).collect();
        let mut operations =
            vec![LogicalSwitch { name: "net".into(), ports: members, ..LogicalSwitch::default() }.insert(id(1))];
        operations.extend(ports.iter().map(|(number, port)| port.insert(id(*number))));
        self.north.transact(&operations).await.unwrap();
    }

    /// What the port knows, once it is as expected; a wrong value lets the test run into its time-out.
    async fn up(&self, number: u128, expected: bool) {
        let seen = self.north.replica().wait_until(|contents| {
            contents.get::<LogicalSwitchPort>(id(number)).unwrap().filter(|port| port.up == Some(expected))
        });
        Clock::system().timeout(std::time::Duration::from_secs(10), seen).await.unwrap();
    }

    async fn binding(&self, number: u128) -> Option<PortBinding> {
        // A transaction that does nothing lets the replica catch up.
        self.south.transact(&[Operation::Comment("look".into())]).await.unwrap();
        self.south.replica().read(|contents| contents.get(id(number))).unwrap()
    }
}

fn port(name: &str) -> LogicalSwitchPort {
    LogicalSwitchPort {
        name: name.into(),
        addresses: BTreeSet::from(["02:00:00:00:00:01 10.0.0.2".into()]),
        ..LogicalSwitchPort::default()
    }
}

#[tokio::test]
async fn a_port_is_up_while_a_chassis_has_it() {
    let cloud = Cloud::begin(Ovsdb::in_memory()).await;
    let northd = cloud.server.northd();
    cloud.switch(&[(2, port("p2"))]).await;
    cloud.up(2, false).await;
    let binding = cloud.binding(2).await.unwrap();
    assert_eq!((binding.logical_port.as_str(), binding.chassis.clone(), binding.tunnel_key), ("p2", None, 1));
    assert_eq!(binding.mac, port("p2").addresses);
    assert_eq!(binding.datapath, id(1).into());

    northd.bind("p2", "chassis-1").unwrap();
    cloud.up(2, true).await;
    assert_eq!(northd.chassis_of("p2").as_deref(), Some("chassis-1"));
    northd.unbind("p2", "chassis-1");
    cloud.up(2, false).await;
    assert_eq!(northd.chassis_of("p2"), None);
    assert!(matches!(northd.bind("p2", "chassis-9"), Err(OvsdbError::UnknownChassis { name }) if name == "chassis-9"));
}

#[tokio::test]
async fn a_claim_may_come_before_the_port_and_ends_with_the_chassis() {
    let cloud = Cloud::begin(Ovsdb::in_memory()).await;
    let northd = cloud.server.northd();
    northd.bind("p2", "chassis-1").unwrap();
    cloud.switch(&[(2, port("p2"))]).await;
    cloud.up(2, true).await;
    northd.remove_chassis("chassis-1").unwrap();
    cloud.up(2, false).await;
    let binding = cloud.binding(2).await.unwrap();
    assert_eq!((binding.chassis, binding.up), (None, Some(false)));
    let listed = cloud.south.replica().read(|contents| contents.list::<Chassis>()).unwrap();
    assert_eq!(listed.len(), 1);
    northd.remove_chassis("chassis-1").unwrap();
    // It comes back, and so does its claim when it says so again.
    northd.add_chassis(&chassis(1)).unwrap();
    northd.add_chassis(&chassis(1)).unwrap();
    cloud.up(2, false).await;
    northd.bind("p2", "chassis-1").unwrap();
    cloud.up(2, true).await;
}

#[tokio::test]
async fn the_requested_chassis_decides_between_claims() {
    let cloud = Cloud::begin(Ovsdb::in_memory()).await;
    let northd = cloud.server.northd();
    let requested = |name: &str| BTreeMap::from([("requested-chassis".to_owned(), name.to_owned())]);
    let here = LogicalSwitchPort { options: requested("node-1"), ..port("p2") };
    cloud.switch(&[(2, here.clone())]).await;
    northd.bind("p2", "chassis-2").unwrap();
    assert_eq!(northd.chassis_of("p2"), None);
    northd.bind("p2", "chassis-1").unwrap();
    northd.bind("p2", "chassis-2").unwrap();
    assert_eq!(northd.chassis_of("p2").as_deref(), Some("chassis-1"));
    // A migration: the port is asked for elsewhere, where it already is.
    let there = LogicalSwitchPort { options: requested("node-2"), ..here.clone() };
    cloud.north.transact(&[there.update(id(2), &here).unwrap()]).await.unwrap();
    assert_eq!(northd.chassis_of("p2").as_deref(), Some("chassis-2"));
    northd.unbind("p2", "chassis-1");
    cloud.up(2, true).await;
}

#[tokio::test]
async fn bindings_follow_ports() {
    let cloud = Cloud::begin(Ovsdb::in_memory()).await;
    let router = LogicalSwitchPort { port_type: "router".into(), ..port("to-router") };
    cloud.switch(&[(2, port("p2")), (3, router)]).await;
    cloud.up(3, true).await;
    let keys = [cloud.binding(2).await.unwrap().tunnel_key, cloud.binding(3).await.unwrap().tunnel_key];
    assert_eq!(BTreeSet::from(keys), BTreeSet::from([1, 2]));
    let changed = LogicalSwitchPort { addresses: BTreeSet::from(["unknown".into()]), ..port("p2") };
    cloud.north.transact(&[changed.update(id(2), &port("p2")).unwrap()]).await.unwrap();
    assert_eq!(cloud.binding(2).await.unwrap().mac, changed.addresses);
    cloud.north.transact(&[Operation::delete(LogicalSwitch::TABLE, [Condition::uuid(id(1))])]).await.unwrap();
    assert!(cloud.binding(2).await.is_none());
    let datapaths = [Operation::select("Datapath_Binding", [])];
    assert_eq!(cloud.south.transact(&datapaths).await.unwrap()[0].count(), 0);
}

#[tokio::test]
async fn a_raised_counter_is_acknowledged() {
    let cloud = Cloud::begin(Ovsdb::in_memory()).await;
    let raise = Operation::update(NbGlobal::TABLE, [], ferrostack_ovn::Row::new().with("nb_cfg", 7));
    cloud.north.transact(&[raise]).await.unwrap();
    let seen = cloud
        .north
        .replica()
        .wait_until(|contents| contents.list::<NbGlobal>().unwrap().pop().filter(|(_, row)| row.hv_cfg == 7));
    let (_, global) = Clock::system().timeout(std::time::Duration::from_secs(10), seen).await.unwrap();
    assert_eq!(global.sb_cfg, 7);
}

#[tokio::test]
async fn bindings_outlive_the_process_and_what_was_not_done_is_done_at_the_start() {
    let dir = TempDir::new().unwrap();
    let cloud = Cloud::begin(Ovsdb::open(dir.path()).unwrap()).await;
    cloud.switch(&[(2, port("p2"))]).await;
    cloud.server.northd().bind("p2", "chassis-1").unwrap();
    cloud.up(2, true).await;
    let journal = dir.path().join("ovn_southbound.journal");
    let earlier = std::fs::read_to_string(&journal).unwrap();
    let members = Mutation::insert("ports", [id(3)]);
    let joined = Operation::mutate(LogicalSwitch::TABLE, [Condition::uuid(id(1))], [members]);
    cloud.north.transact(&[port("p3").insert(id(3)), joined]).await.unwrap();
    cloud.server.close();
    // As if the process had ended between the two databases: the Southbound one does not know the second port.
    assert!(std::fs::read_to_string(&journal).unwrap().len() > earlier.len());
    std::fs::write(&journal, earlier).unwrap();

    let cloud = Cloud::begin(Ovsdb::open(dir.path()).unwrap()).await;
    cloud.up(2, true).await;
    cloud.up(3, false).await;
    assert_eq!(cloud.server.northd().chassis_of("p2").as_deref(), Some("chassis-1"));
    let bindings = [cloud.binding(2).await.unwrap(), cloud.binding(3).await.unwrap()];
    assert_eq!(bindings.map(|binding| binding.tunnel_key), [1, 2]);
    // A chassis that came back may let go of what it had.
    cloud.server.northd().unbind("p2", "chassis-1");
    cloud.up(2, false).await;
}
