//! Consoles: bytes in both directions.

use std::time::Duration;

use ferrostack_agent_api::{Agent, AgentErrorKind, ConsoleKind, Power, Wanted};
use ferrostack_agent_link::RemoteAgent;
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use uuid::Uuid;

use super::world::{SERVER, Wire, World, spec};

#[tokio::test]
async fn a_console_carries_bytes_both_ways_at_once() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    remote.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();

    let mut screen = remote.open_console(SERVER, ConsoleKind::Vnc).await.unwrap();
    let mut greeting = [0; 12];
    screen.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"RFB 003.008\n");

    // The serial console of a simulated guest shows its log and then echoes; far more than all buffers hold.
    let log = node.sim.console_log(SERVER, None).await.unwrap().replace('\n', "\r\n");
    let (mut input, mut output) = split(remote.open_console(SERVER, ConsoleKind::Serial).await.unwrap());
    let mut seen = vec![0; log.len()];
    input.read_exact(&mut seen).await.unwrap();
    assert_eq!(String::from_utf8(seen).unwrap(), log);
    let typed: Vec<u8> = (0..3_000_000u32).map(|number| b'a' + u8::try_from(number % 23).unwrap()).collect();
    let mut echo = vec![0; typed.len()];
    let (written, read) = tokio::join!(output.write_all(&typed), input.read_exact(&mut echo));
    written.unwrap();
    read.unwrap();
    assert!(echo == typed);
}

#[tokio::test]
async fn keystrokes_are_not_held_back() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    remote.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    let log = node.sim.console_log(SERVER, None).await.unwrap().replace('\n', "\r\n");
    let mut console = remote.open_console(SERVER, ConsoleKind::Serial).await.unwrap();
    console.read_exact(&mut vec![0; log.len()]).await.unwrap();
    let started = world.clock.now();
    for key in b"the quick brown fox jumps over the lazy dog" {
        console.write_u8(*key).await.unwrap();
        assert_eq!(console.read_u8().await.unwrap(), *key);
    }
    let took = world.clock.now().since(started);
    assert!(took < Duration::from_secs(1), "43 keys took {took:?}; delayed ones take 40 ms each");
}

#[tokio::test]
async fn a_console_ends_with_its_guest() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    remote.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    let mut console = remote.open_console(SERVER, ConsoleKind::Serial).await.unwrap();
    assert!(node.sim.happens(SERVER, Power::Shutdown).unwrap());
    let mut rest = Vec::new();
    console.read_to_end(&mut rest).await.unwrap();
    let error = remote.open_console(SERVER, ConsoleKind::Serial).await.err().unwrap();
    assert_eq!(error.kind, AgentErrorKind::Refused);
    let error = remote.open_console(Uuid::from_u128(8), ConsoleKind::Vnc).await.err().unwrap();
    assert_eq!(error.kind, AgentErrorKind::NotFound);
}

#[tokio::test]
async fn a_console_that_nobody_reads_holds_up_no_call() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    remote.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    let mut consoles = Vec::new();
    for _ in 0..8 {
        let mut console = remote.open_console(SERVER, ConsoleKind::Serial).await.unwrap();
        // Typed until everything is full, and never read.
        let typing = async { while console.write_all(&[b'a'; 65536]).await.is_ok() {} };
        assert!(world.clock.timeout(Duration::from_millis(100), typing).await.is_err(), "buffers are bounded");
        consoles.push(console);
    }
    remote.console_log(SERVER, None).await.unwrap();
    remote.domains().await.unwrap();
}

#[tokio::test]
async fn a_console_of_a_node_that_dies_breaks() {
    let world = World::new();
    let node = world.node().await;
    let wire = Wire::to(node.served.address).await;
    let remote = RemoteAgent::new(world.controller(), "compute-1", wire.address);
    remote.put_domain(&spec(1, 1, Wanted::On)).await.unwrap();
    let mut console = remote.open_console(SERVER, ConsoleKind::Serial).await.unwrap();
    wire.freeze();
    let mut rest = Vec::new();
    let broken = world.clock.timeout(Duration::from_secs(8), console.read_to_end(&mut rest)).await.unwrap();
    assert!(broken.is_err(), "the guest did not end: that must not look as if it did");
    assert!(console.write_all(b"a").await.is_err());
}
