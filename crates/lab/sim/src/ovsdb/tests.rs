//! The client against the server, through the wire and through files.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_ovn::{
    ChangeKind, Client, Condition, Connection, ConnectionSettings, ErrorKind, Event, MonitorVersion, Mutation,
    Operation, Table, WatchedTable,
    northbound::{self, LogicalSwitch, LogicalSwitchPort, PortGroup},
};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use super::*;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn ids(value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("id".to_owned(), value.to_owned())])
}

fn switch(name: &str) -> LogicalSwitch {
    LogicalSwitch { name: name.into(), external_ids: ids(name), ..LogicalSwitch::default() }
}

fn port(name: &str) -> LogicalSwitchPort {
    LogicalSwitchPort { name: name.into(), external_ids: ids(name), ..LogicalSwitchPort::default() }
}

/// A port and its membership.
fn join(switch: u128, number: u128) -> Vec<Operation> {
    let members = Mutation::insert("ports", [id(number)]);
    vec![
        port(&format!("port-{number}")).insert(id(number)),
        Operation::mutate(LogicalSwitch::TABLE, [Condition::uuid(id(switch))], [members]),
    ]
}

async fn connect(server: &Ovsdb, clock: &Clock) -> (Connection, UnboundedReceiver<Event>) {
    connect_with(server, clock, None).await
}

async fn connect_with(
    server: &Ovsdb,
    clock: &Clock,
    probe_after: Option<Duration>,
) -> (Connection, UnboundedReceiver<Event>) {
    let settings = ConnectionSettings::new(server.endpoint(), northbound::DATABASE, "id", northbound::watched());
    let settings = ConnectionSettings { probe_after, ..settings };
    let (connection, events) = Connection::start(clock.clone(), settings);
    connection.connected().await;
    (connection, events)
}

#[tokio::test]
async fn what_was_written_is_in_the_replica_when_the_answer_is() {
    let server = Ovsdb::in_memory();
    let (connection, mut events) = connect(&server, &Clock::system()).await;
    assert_eq!(events.recv().await, Some(Event::Resync));
    let mut operations = vec![switch("net").insert(id(1))];
    operations.extend(join(1, 2));
    operations.push(
        PortGroup { name: "pg".into(), ports: BTreeSet::from([id(2).into()]), ..PortGroup::default() }.insert(id(3)),
    );
    connection.transact(&operations).await.unwrap();
    connection.replica().read(|contents| {
        let stored: LogicalSwitch = contents.get(id(1)).unwrap().unwrap();
        assert_eq!(stored, LogicalSwitch { ports: BTreeSet::from([id(2).into()]), ..switch("net") });
        assert!(switch("net").update(id(1), &stored).is_none());
        let found = contents.find_external_id::<LogicalSwitchPort>("port-2").unwrap();
        // northd has seen it: no chassis has the port.
        assert_eq!(found, [(id(2), LogicalSwitchPort { up: Some(false), ..port("port-2") })]);
    });
    let Some(Event::Changed(changes)) = events.recv().await else { panic!("no changes") };
    assert!(changes.iter().any(|change| change.uuid == id(1) && change.kind == ChangeKind::Inserted));
    // The port goes with its switch, and the group forgets it.
    connection.transact(&[Operation::delete(LogicalSwitch::TABLE, [Condition::uuid(id(1))])]).await.unwrap();
    connection.replica().read(|contents| {
        assert_eq!(contents.rows(LogicalSwitchPort::TABLE).count(), 0);
        assert!(contents.get::<PortGroup>(id(3)).unwrap().unwrap().ports.is_empty());
    });
}

#[tokio::test]
async fn a_stale_writer_is_refused_by_its_fence() {
    let server = Ovsdb::in_memory();
    let (connection, _events) = connect(&server, &Clock::system()).await;
    let revision = |number: &str| BTreeMap::from([("rev".to_owned(), number.to_owned())]);
    let row = LogicalSwitch { external_ids: revision("1"), ..LogicalSwitch::default() };
    connection.transact(&[row.insert(id(1))]).await.unwrap();
    let write = |expected: &str, next: &str| {
        let wanted = LogicalSwitch { external_ids: revision(next), ..LogicalSwitch::default() };
        let here = Condition::uuid(id(1));
        vec![
            Operation::require(
                LogicalSwitch::TABLE,
                [here.clone(), Condition::includes("external_ids", "rev", expected)],
            ),
            Operation::update(LogicalSwitch::TABLE, [here], wanted.to_row()),
        ]
    };
    connection.transact(&write("1", "2")).await.unwrap();
    let error = connection.transact(&write("1", "3")).await.unwrap_err();
    assert!(error.is_stale(), "{error}");
    let stored: LogicalSwitch = connection.replica().read(|contents| contents.get(id(1))).unwrap().unwrap();
    assert_eq!(stored.external_ids, revision("2"));
}

#[tokio::test]
async fn a_connection_comes_back_and_sees_what_it_missed() {
    let server = Ovsdb::in_memory();
    let clock = Clock::manual();
    let (connection, mut events) = connect(&server, &clock).await;
    let (other, _other_events) = connect(&server, &Clock::system()).await;
    assert_eq!(events.recv().await, Some(Event::Resync));
    server.set_reachable(false);
    assert!(matches!(events.recv().await, Some(Event::Disconnected { .. })));
    assert!(!connection.is_connected());
    let error = connection.transact(&[switch("net").insert(id(1))]).await.unwrap_err();
    assert_eq!(error.to_string(), "not connected to the OVSDB server at in-process");
    server.set_reachable(true);
    other.connected().await;
    while other.transact(&[switch("net").insert(id(1))]).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(!connection.is_connected(), "its clock stands still");
    while !connection.is_connected() {
        clock.advance(Duration::from_secs(8));
        tokio::task::yield_now().await;
    }
    assert_eq!(events.recv().await, Some(Event::Resync));
    assert!(connection.replica().read(|contents| contents.row(LogicalSwitch::TABLE, id(1)).is_some()));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let server = Ovsdb::in_memory();
    let (clock, stuck) = (Clock::manual(), Clock::manual());
    let (connection, mut events) = connect_with(&server, &clock, Some(Duration::from_secs(5))).await;
    assert_eq!(events.recv().await, Some(Event::Resync));
    server.delay(stuck.clone(), Duration::from_secs(3600));
    // The probe begins after the first step and is given up after the second.
    let event = loop {
        clock.advance(Duration::from_secs(5));
        tokio::task::yield_now().await;
        if let Ok(event) = events.try_recv() {
            break event;
        }
    };
    assert_eq!(
        event,
        Event::Disconnected { cause: "the connection to the OVSDB server was lost: no sign of life".into() }
    );
    server.delay(stuck, Duration::ZERO);
    while !connection.is_connected() {
        clock.advance(Duration::from_secs(8));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn faults_strike_as_often_as_asked() {
    let server = Ovsdb::in_memory();
    let (connection, mut events) = connect(&server, &Clock::system()).await;
    server.refuse_next(1);
    let error = connection.transact(&[switch("net").insert(id(1))]).await.unwrap_err();
    assert_eq!(error.kind(), Some(&ErrorKind::IoError));
    connection.transact(&[switch("net").insert(id(1))]).await.unwrap();
    server.lose_next_answers(1);
    let error = connection.transact(&[switch("two").insert(id(2))]).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    while !matches!(events.recv().await, Some(Event::Disconnected { .. })) {}
    connection.connected().await;
    // It was done.
    assert!(connection.replica().read(|contents| contents.row(LogicalSwitch::TABLE, id(2)).is_some()));
}

#[tokio::test]
async fn what_was_committed_outlives_the_process() {
    let dir = TempDir::new().unwrap();
    let server = Ovsdb::open(dir.path()).unwrap();
    assert!(matches!(Ovsdb::open(dir.path()), Err(OvsdbError::InUse { .. })));
    let (connection, _events) = connect(&server, &Clock::system()).await;
    let mut operations = vec![switch("net").insert(id(1))];
    operations.extend(join(1, 2));
    operations.extend(join(1, 3));
    connection.transact(&operations).await.unwrap();
    let left = Mutation::delete("ports", [id(2)]);
    let renamed = LogicalSwitch { name: "renamed".into(), ..switch("net") };
    let operations = [
        Operation::mutate(LogicalSwitch::TABLE, [Condition::uuid(id(1))], [left]),
        renamed.update(id(1), &switch("net")).unwrap(),
    ];
    connection.transact(&operations).await.unwrap();
    server.close();
    assert!(server.connect().is_err());

    // A last transaction that was cut short was never answered.
    let file = dir.path().join("ovn_northbound.journal");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(r#"{"Logical_Switch": {"00000000-0000-0000-0000-000000000001": {"del"#);
    std::fs::write(&file, text).unwrap();
    for _ in 0..2 {
        let server = Ovsdb::open(dir.path()).unwrap();
        let (connection, _events) = connect(&server, &Clock::system()).await;
        connection.replica().read(|contents| {
            let stored: LogicalSwitch = contents.get(id(1)).unwrap().unwrap();
            assert_eq!(stored, LogicalSwitch { ports: BTreeSet::from([id(3).into()]), ..renamed.clone() });
            assert_eq!(contents.rows(LogicalSwitchPort::TABLE).count(), 1);
        });
        // References work as before.
        let dangling =
            Operation::mutate(LogicalSwitch::TABLE, [Condition::uuid(id(1))], [Mutation::insert("ports", [id(9)])]);
        assert!(connection.transact(&[dangling]).await.is_err());
        drop(connection);
        server.close();
    }
}

#[tokio::test]
async fn a_damaged_journal_is_refused_with_its_line() {
    let dir = TempDir::new().unwrap();
    Ovsdb::open(dir.path()).unwrap().close();
    let file = dir.path().join("ovn_southbound.journal");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}{{\"Nonsense\": {{\"{}\": {{\"insert\": {{}}}}}}}}\n", id(1))).unwrap();
    let error = Ovsdb::open(dir.path()).unwrap_err();
    assert!(matches!(&error, OvsdbError::Damaged { line: 3, detail, .. } if detail == "no table Nonsense"), "{error}");
    std::fs::write(&file, text.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    assert!(matches!(Ovsdb::open(dir.path()), Err(OvsdbError::Damaged { line: 1, .. })));
}

#[tokio::test]
async fn conditions_let_rows_appear_and_vanish() {
    let server = Ovsdb::bare();
    let client = Client::connect(server.connect().unwrap());
    let watched =
        WatchedTable { conditions: vec![Condition::equal("name", "seen")], ..WatchedTable::of::<LogicalSwitch>() };
    let mut monitor =
        client.monitor_as(MonitorVersion::Conditional, northbound::DATABASE, &[watched], None).await.unwrap();
    let renamed = |name: &str| {
        [Operation::update(
            LogicalSwitch::TABLE,
            [Condition::uuid(id(1))],
            ferrostack_ovn::Row::new().with("name", name),
        )]
    };
    client.transact(northbound::DATABASE, &[switch("unseen").insert(id(1))]).await.unwrap();
    client.transact(northbound::DATABASE, &renamed("seen")).await.unwrap();
    client.transact(northbound::DATABASE, &renamed("unseen")).await.unwrap();
    client.transact(northbound::DATABASE, &renamed("still unseen")).await.unwrap();
    let mut told = Vec::new();
    while let Ok(update) = monitor.updates.try_recv() {
        told.extend(update.rows.into_iter().map(|(_, _, change)| change));
    }
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(matches!(&told[0], ferrostack_ovn::RowUpdate::Insert(row) if row.external_id("id") == Some("unseen")));
    assert_eq!(told[1], ferrostack_ovn::RowUpdate::Delete);
}

#[tokio::test]
async fn a_lock_passes_on_when_its_session_ends() {
    let server = Ovsdb::bare();
    let first = Client::connect(server.connect().unwrap());
    let second = Client::connect(server.connect().unwrap());
    let assert_lock = [Operation::Assert { lock: "l".into() }];
    let lock = serde_json::json!(["l"]);
    assert_eq!(first.request("lock", lock.clone()).await.unwrap()["locked"], true);
    assert_eq!(second.request("lock", lock).await.unwrap()["locked"], false);
    first.transact(northbound::DATABASE, &assert_lock).await.unwrap();
    let error = second.transact(northbound::DATABASE, &assert_lock).await.unwrap_err();
    assert_eq!(error.kind(), Some(&ErrorKind::NotOwner));
    drop(first);
    while second.transact(northbound::DATABASE, &assert_lock).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_socket_in_the_file_system_serves_too() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("nb.sock");
    let server = Ovsdb::in_memory();
    for _ in 0..2 {
        server.listen_unix(&path).unwrap();
    }
    let client = Client::connect(Endpoint::Unix(path).connect().await.unwrap());
    assert_eq!(client.list_databases().await.unwrap(), ["OVN_Northbound", "OVN_Southbound"]);
    assert_eq!(client.schema("OVN_Northbound").await.unwrap(), schema::northbound());
    let error = server.listen_unix(std::path::Path::new("/nonexistent/nb.sock")).unwrap_err();
    assert_eq!(error.to_string(), "cannot listen on /nonexistent/nb.sock");
}

/// A thousand ports join one switch while their group grows with them, with a client that watches.
#[tokio::test]
async fn many_ports_join_one_switch() {
    let server = Ovsdb::in_memory();
    let (connection, _events) = connect(&server, &Clock::system()).await;
    let group = PortGroup { name: "all".into(), ..PortGroup::default() };
    connection.transact(&[switch("net").insert(id(1)), group.insert(id(2))]).await.unwrap();
    let clock = Clock::system();
    let began = clock.now();
    for number in 1000..2000 {
        let mut operations = join(1, number);
        operations.push(Operation::mutate(
            PortGroup::TABLE,
            [Condition::uuid(id(2))],
            [Mutation::insert("ports", [id(number)])],
        ));
        connection.transact(&operations).await.unwrap();
    }
    let took = clock.now().micros() - began.micros();
    eprintln!("{} µs for each port", took / 1000);
    let stored: LogicalSwitch = connection.replica().read(|contents| contents.get(id(1))).unwrap().unwrap();
    assert_eq!(stored.ports.len(), 1000);
    // 300 a second are wanted of an optimized build; this one is not.
    assert!(took / 1000 < 10_000, "{} µs for each port", took / 1000);
}
