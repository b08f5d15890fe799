use std::{collections::BTreeMap, io::Write, sync::Mutex};

use ferrostack_agent_api::{
    Agent, AgentErrorKind, Agents, ConsoleKind, DomainSpec, GuestFile, Interface, OneShot, OneShotKind, Wanted,
};
use ferrostack_base::{Fence, Generation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Remembers what is plugged in where.
#[derive(Default)]
struct Plugs(Mutex<BTreeMap<Uuid, String>>);

impl Plug for Plugs {
    fn join(&self, _: &NodeFacts) {}
    fn plug(&self, node: &str, port: Uuid) {
        self.0.lock().unwrap().insert(port, node.to_owned());
    }
    fn unplug(&self, _: &str, port: Uuid) {
        self.0.lock().unwrap().remove(&port);
    }
}

fn node() -> SimNode {
    SimNode::open(SimNodeOptions::numbered(1), Clock::system(), Arc::new(NoNetwork)).unwrap()
}

fn spec(fence: i64, generation: i64, power: Wanted) -> DomainSpec {
    DomainSpec {
        server: Uuid::from_u128(7),
        name: "instance-00000007".to_owned(),
        hostname: "web".to_owned(),
        fence: Fence(fence),
        generation: Generation(generation),
        power,
        vcpus: 1,
        memory_mb: 1024,
        disk_gb: 1,
        image: None,
        interfaces: vec![Interface {
            port_id: Uuid::from_u128(9),
            network_id: Uuid::from_u128(3),
            mac: "fa:16:3e:00:00:01".to_owned(),
            mtu: 1442,
            addresses: vec![],
            metadata: None,
        }],
        config_drive: None,
        hardware: Default::default(),
        shutdown_timeout_s: 60,
        project_id: "demo".to_owned(),
        request_id: "req-1".to_owned(),
    }
}

const SERVER: Uuid = Uuid::from_u128(7);

fn kind<T: std::fmt::Debug>(answer: Result<T, ferrostack_agent_api::AgentError>) -> AgentErrorKind {
    answer.unwrap_err().kind
}

#[tokio::test]
async fn a_power_intent_is_acted_on_once_per_generation() {
    let node = node();
    assert_eq!(node.put_domain(&spec(1, 1, Wanted::On)).await.unwrap().power, Power::Running);
    assert!(node.happens(SERVER, Power::Shutdown).unwrap());
    assert_eq!(node.put_domain(&spec(1, 1, Wanted::On)).await.unwrap().power, Power::Shutdown, "its guest wanted so");
    node.restart().unwrap();
    assert_eq!(node.domains().await.unwrap()[0].power, Power::Shutdown);
    assert_eq!(node.put_domain(&spec(2, 2, Wanted::On)).await.unwrap().power, Power::Running);
    assert_eq!(kind(node.put_domain(&spec(2, 1, Wanted::Off)).await), AgentErrorKind::Refused);
}

#[tokio::test]
async fn lower_fences_are_refused_and_the_deleted_stays_deleted() {
    let node = node();
    node.put_domain(&spec(5, 1, Wanted::On)).await.unwrap();
    let low = OneShot {
        server: SERVER,
        fence: Fence(4),
        number: Uuid::nil(),
        kind: OneShotKind::HardReboot,
        shutdown_timeout_s: 60,
    };
    assert_eq!(kind(node.put_domain(&spec(4, 9, Wanted::Off)).await), AgentErrorKind::Fenced);
    assert_eq!(kind(node.drop_domain(SERVER, Fence(4)).await), AgentErrorKind::Fenced);
    assert_eq!(kind(node.one_shot(&low).await), AgentErrorKind::Fenced);
    node.drop_domain(SERVER, Fence(6)).await.unwrap();
    node.drop_domain(SERVER, Fence(6)).await.unwrap();
    assert_eq!(kind(node.put_domain(&spec(5, 1, Wanted::On)).await), AgentErrorKind::Fenced);
    assert_eq!(kind(node.put_domain(&spec(6, 1, Wanted::On)).await), AgentErrorKind::Fenced);
    assert_eq!(node.domains().await.unwrap(), vec![]);
    node.put_domain(&spec(7, 1, Wanted::On)).await.unwrap();
}

#[tokio::test]
async fn dropping_what_was_never_there_keeps_it_away() {
    let node = node();
    node.drop_domain(SERVER, Fence(3)).await.unwrap();
    assert_eq!(kind(node.put_domain(&spec(2, 1, Wanted::On)).await), AgentErrorKind::Fenced);
}

#[tokio::test]
async fn a_one_shot_is_done_once_and_seen_on_the_console() {
    let node = node();
    let shot = |number| OneShot {
        server: SERVER,
        fence: Fence(1),
        number: Uuid::from_u128(number),
        kind: OneShotKind::SoftReboot,
        shutdown_timeout_s: 60,
    };
    assert_eq!(kind(node.one_shot(&shot(1)).await), AgentErrorKind::NotFound);
    node.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    let lines = async || node.console_log(SERVER, None).await.unwrap().lines().count();
    let boot = lines().await;
    node.one_shot(&shot(1)).await.unwrap();
    node.one_shot(&shot(1)).await.unwrap();
    assert_eq!(lines().await, 2 * boot);
    node.one_shot(&shot(2)).await.unwrap();
    assert_eq!(lines().await, 3 * boot);
    assert!(node.console_log(SERVER, Some(1)).await.unwrap().starts_with("web login:"));
    node.happens(SERVER, Power::Shutdown).unwrap();
    assert_eq!(kind(node.one_shot(&shot(3)).await), AgentErrorKind::Refused);
}

#[tokio::test]
async fn there_is_room_for_so_much() {
    let options = SimNodeOptions { memory_mb: 2000, ..SimNodeOptions::numbered(1) };
    let node = SimNode::open(options, Clock::system(), Arc::new(NoNetwork)).unwrap();
    node.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    let other = DomainSpec { server: Uuid::from_u128(8), ..spec(1, 1, Wanted::On) };
    let refusal = node.put_domain(&other).await.unwrap_err();
    assert!(refusal.kind == AgentErrorKind::Refused && refusal.message.contains("2000 MiB"), "{refusal}");
    node.put_domain(&spec(1, 2, Wanted::Off)).await.unwrap();
    node.drop_domain(SERVER, Fence(1)).await.unwrap();
    node.put_domain(&other).await.unwrap();
}

#[tokio::test]
async fn ports_are_plugged_in_while_the_domain_runs() {
    let plugs = Arc::new(Plugs::default());
    let node = SimNode::open(SimNodeOptions::numbered(1), Clock::system(), plugs.clone()).unwrap();
    let plugged = || plugs.0.lock().unwrap().len();
    node.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    assert_eq!(plugged(), 1);
    node.put_domain(&spec(1, 2, Wanted::Off)).await.unwrap();
    assert_eq!(plugged(), 0);
    node.put_domain(&spec(1, 3, Wanted::On)).await.unwrap();
    plugs.0.lock().unwrap().clear();
    node.restart().unwrap();
    assert_eq!(plugged(), 1, "what runs is plugged in again");
    node.drop_domain(SERVER, Fence(1)).await.unwrap();
    assert_eq!(plugged(), 0);
}

#[tokio::test]
async fn the_ledger_survives_and_its_torn_last_line_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node/ledger.jsonl");
    let open = || {
        let options = SimNodeOptions { ledger: Some(path.clone()), ..SimNodeOptions::numbered(1) };
        SimNode::open(options, Clock::system(), Arc::new(NoNetwork))
    };
    let node = open().unwrap();
    let id = node.facts().await.unwrap().id;
    node.put_domain(&spec(3, 1, Wanted::On)).await.unwrap();
    let gone = Uuid::from_u128(8);
    node.drop_domain(gone, Fence(9)).await.unwrap();
    let before = node.domains().await.unwrap();
    drop(node);
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"Gone\":{\"server\":\"0000").unwrap();
    let node = open().unwrap();
    assert_eq!(node.facts().await.unwrap().id, id);
    assert_eq!(node.domains().await.unwrap(), before);
    assert_eq!(kind(node.put_domain(&spec(2, 1, Wanted::On)).await), AgentErrorKind::Fenced);
    assert_eq!(
        kind(node.put_domain(&DomainSpec { server: gone, ..spec(9, 1, Wanted::On) }).await),
        AgentErrorKind::Fenced
    );
    drop(node);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("nonsense\n{text}")).unwrap();
    assert!(matches!(open(), Err(LedgerError::Broken { line: 1, .. })));
}

#[tokio::test]
async fn a_node_misbehaves_as_told() {
    let nodes = SimNodes::new(Clock::system(), Arc::new(NoNetwork));
    let node = nodes.add(SimNodeOptions::numbered(1)).unwrap();
    node.misbehave(|faults| faults.refuse = (1, "no".to_owned()));
    assert_eq!(kind(node.put_domain(&spec(1, 1, Wanted::On)).await), AgentErrorKind::Refused);
    node.misbehave(|faults| faults.silence = Silence::Before);
    assert_eq!(kind(node.put_domain(&spec(1, 1, Wanted::On)).await), AgentErrorKind::Unreachable);
    node.misbehave(|faults| faults.silence = Silence::No);
    assert_eq!(node.domains().await.unwrap(), vec![]);
    node.misbehave(|faults| faults.silence = Silence::After);
    assert_eq!(kind(node.put_domain(&spec(1, 1, Wanted::On)).await), AgentErrorKind::Unreachable);
    node.misbehave(|faults| faults.silence = Silence::No);
    assert_eq!(nodes.agent("compute-1").unwrap().domains().await.unwrap().len(), 1, "it did what it was asked");
    assert!(nodes.agent("compute-2").is_none());
}

#[tokio::test]
async fn a_boot_takes_its_time_and_is_overtaken_by_a_deletion_or_a_restart() {
    let clock = Clock::manual();
    let options = SimNodeOptions { boot_time: Duration::from_secs(5), ..SimNodeOptions::numbered(1) };
    let node = Arc::new(SimNode::open(options, clock.clone(), Arc::new(NoNetwork)).unwrap());
    let boot = |fence| {
        let node = node.clone();
        tokio::spawn(async move { node.put_domain(&spec(fence, 1, Wanted::On)).await })
    };
    let defined = async || {
        while node.domains().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let booting = boot(1);
    defined().await;
    assert_eq!(node.domains().await.unwrap()[0].power, Power::Shutdown);
    tokio::task::yield_now().await;
    clock.advance(Duration::from_secs(5));
    assert_eq!(booting.await.unwrap().unwrap().power, Power::Running);
    node.drop_domain(SERVER, Fence(2)).await.unwrap();

    let booting = boot(3);
    defined().await;
    node.drop_domain(SERVER, Fence(4)).await.unwrap();
    tokio::task::yield_now().await;
    clock.advance(Duration::from_secs(5));
    assert_eq!(kind(booting.await.unwrap()), AgentErrorKind::NotFound);

    let booting = boot(5);
    defined().await;
    node.restart().unwrap();
    tokio::task::yield_now().await;
    clock.advance(Duration::from_secs(5));
    assert_eq!(kind(booting.await.unwrap()), AgentErrorKind::Unreachable);
}

#[tokio::test]
async fn consoles_open_while_the_domain_runs() {
    let node = node();
    let open = async |kind| node.open_console(SERVER, kind).await.map(|_| ());
    assert_eq!(kind(open(ConsoleKind::Vnc).await), AgentErrorKind::NotFound);
    node.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    let mut screen = node.open_console(SERVER, ConsoleKind::Vnc).await.unwrap();
    let mut version = [0; 12];
    screen.read_exact(&mut version).await.unwrap();
    assert_eq!(&version, b"RFB 003.008\n");
    let mut serial = node.open_console(SERVER, ConsoleKind::Serial).await.unwrap();
    let log = node.console_log(SERVER, None).await.unwrap().replace('\n', "\r\n");
    let mut text = vec![0; log.len()];
    serial.read_exact(&mut text).await.unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), log);
    serial.write_all(b"root").await.unwrap();
    let mut echo = [0; 4];
    serial.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"root");
    node.put_domain(&spec(1, 2, Wanted::Off)).await.unwrap();
    assert_eq!((screen.read(&mut version).await.unwrap(), serial.read(&mut echo).await.unwrap()), (0, 0));
    assert_eq!(kind(open(ConsoleKind::Serial).await), AgentErrorKind::Refused);
}

#[tokio::test]
async fn a_node_explains_itself_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    let options = SimNodeOptions { ledger: Some(path.clone()), ..SimNodeOptions::numbered(1) };
    let node = SimNode::open(options, Clock::system(), Arc::new(NoNetwork)).unwrap();
    assert_eq!(kind(node.explain(SERVER).await), AgentErrorKind::NotFound);
    let file = GuestFile { path: "openstack/latest/user_data".to_owned(), content: "aHVudGVyMg==".to_owned().into() };
    let spec = DomainSpec { config_drive: Some(vec![file]), ..spec(1, 1, Wanted::On) };
    node.put_domain(&spec).await.unwrap();
    let objects = node.explain(SERVER).await.unwrap();
    let [object] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!((object.kind.as_str(), object.name.as_str()), ("domain", "instance-00000007"));
    assert!(object.content.contains("user_data") && !object.content.contains("aHVudGVyMg"), "{}", object.content);
    assert_eq!(object.command, format!("grep {SERVER} {} | tail -n 1", path.display()));
    let engines = node.engines().await.unwrap();
    assert!(engines.len() == 1 && engines[0].name == "simulated" && engines[0].healthy);
}
