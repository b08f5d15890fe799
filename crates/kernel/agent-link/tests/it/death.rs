//! A node that dies is noticed within seconds, and one that comes back is found again.

use std::time::Duration;

use ferrostack_agent_api::{Agent, AgentErrorKind, Wanted};
use ferrostack_agent_link::{RemoteAgent, Role};

use super::world::{ANY_PORT, SERVER, Served, Wire, World, spec};

const NEVER: Duration = Duration::from_secs(600);

/// What the pings of the tests need, and as much again for a busy machine.
const QUICKLY: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_node_that_dies_during_a_call_is_unreachable_at_once() {
    for silently in [false, true] {
        let world = World::new();
        let node = world.node().await;
        let wire = Wire::to(node.served.address).await;
        let remote = RemoteAgent::new(world.controller(), "compute-1", wire.address);
        remote.facts().await.unwrap();
        node.sim.misbehave(|faults| faults.delay = NEVER);
        let started = world.clock.now();
        let wanted = spec(1, 1, Wanted::On);
        let (answer, ()) = tokio::join!(remote.put_domain(&wanted), async {
            world.clock.sleep(Duration::from_millis(100)).await;
            if silently { wire.freeze() } else { wire.cut() }
        });
        let error = answer.unwrap_err();
        assert_eq!(error.kind, AgentErrorKind::Unreachable, "{error:?}");
        assert!(error.message.contains("node compute-1 at 127.0.0.1:"), "{error:?}");
        let took = world.clock.now().since(started);
        assert!(took < QUICKLY, "{took:?}, silently: {silently}");
    }
}

#[tokio::test]
async fn a_dead_node_holds_nobody_up_longer_than_one_attempt() {
    let world = World::new();
    let node = world.node().await;
    let wire = Wire::to(node.served.address).await;
    wire.freeze();
    let remote = RemoteAgent::new(world.controller(), "compute-1", wire.address);
    let started = world.clock.now();
    let answers = futures::future::join_all((0..20).map(|_| remote.facts())).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|e| e.kind == AgentErrorKind::Unreachable)));
    let took = world.clock.now().since(started);
    assert!(took < QUICKLY, "{took:?}");
}

#[tokio::test]
async fn an_agent_that_was_restarted_is_found_again_by_the_next_call() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    remote.facts().await.unwrap();
    let address = node.served.address;
    drop(node.served);
    // The port is free once the listener's task has ended.
    let served = loop {
        match node.link.serve(address, axum::Router::new(), std::future::ready(())).await {
            Ok((_, serving)) => {
                serving.await;
                break Served::start(&node.link, address, node.sim.clone()).await;
            }
            Err(_) => world.clock.sleep(Duration::from_millis(20)).await,
        }
    };
    remote.facts().await.unwrap();
    drop(served);
    world.clock.sleep(Duration::from_millis(100)).await;
    let error = remote.facts().await.unwrap_err();
    assert_eq!(error.kind, AgentErrorKind::Unreachable);
    assert!(error.message.contains("refused"), "{error:?}");
}

#[tokio::test]
async fn whoever_gives_up_frees_the_way() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    node.sim.misbehave(|faults| faults.delay = NEVER);
    for _ in 0..2000 {
        let wanted = spec(1, 1, Wanted::On);
        let call = remote.put_domain(&wanted);
        assert!(world.clock.timeout(Duration::from_micros(200), call).await.is_err());
    }
    node.sim.misbehave(|faults| faults.delay = Duration::ZERO);
    remote.facts().await.unwrap();
}

#[tokio::test]
async fn a_question_that_is_never_answered_ends() {
    let world = World::new();
    let node = world.node().await;
    let tls = world.controller().tls().clone();
    let options =
        ferrostack_agent_link::LinkOptions { question_patience: Duration::from_millis(300), ..super::world::options() };
    let link = ferrostack_agent_link::Link::new(tls, options);
    node.sim.misbehave(|faults| faults.delay = NEVER);
    let remote = node.remote(&link);
    let error = remote.console_log(SERVER, None).await.unwrap_err();
    assert_eq!(error.kind, AgentErrorKind::Unreachable);
    assert!(error.message.contains("no answer within 0.3 s"), "{error:?}");
}

#[tokio::test]
async fn a_listener_that_stops_lets_calls_finish_but_not_for_ever() {
    let world = World::new();
    let node = world.node().await;
    let link = world.link(Role::Agent, "compute-1");
    for (delay, finishes) in [(Duration::from_millis(200), true), (NEVER, false)] {
        node.sim.misbehave(|faults| faults.delay = delay);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let routes = ferrostack_agent_link::agent_routes(node.sim.clone());
        let stopping = async {
            let _ = stopped.await;
        };
        let (address, serving) = link.serve(ANY_PORT, routes, stopping).await.unwrap();
        let serving = tokio::spawn(serving);
        let remote = RemoteAgent::new(world.controller(), "compute-1", address);
        let (answer, _) = tokio::join!(remote.facts(), async {
            world.clock.sleep(Duration::from_millis(100)).await;
            stop.send(()).unwrap();
        });
        assert_eq!(answer.is_ok(), finishes, "{answer:?}");
        world.clock.timeout(QUICKLY, serving).await.unwrap().unwrap();
    }
}
