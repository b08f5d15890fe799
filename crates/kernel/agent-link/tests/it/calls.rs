//! Every call arrives as it was made, and its answer comes back.

use ferrostack_agent_api::{Agent, AgentErrorKind, OneShot, OneShotKind, Power, Wanted};
use ferrostack_base::Fence;
use uuid::Uuid;

use super::{
    raw::Raw,
    world::{SERVER, World, spec},
};

#[tokio::test]
async fn every_call_gives_what_the_agent_itself_gives() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());

    assert_eq!(remote.facts().await, node.sim.facts().await);
    assert_eq!(remote.engines().await, node.sim.engines().await);
    assert_eq!(remote.domains().await.unwrap(), vec![]);

    let report = remote.put_domain(&spec(2, 1, Wanted::On)).await.unwrap();
    assert_eq!((report.server, report.fence, report.power), (SERVER, Fence(2), Power::Running));
    assert_eq!(remote.domains().await.unwrap(), vec![report]);
    let ledger = std::fs::read_to_string(world.dir("ledger.jsonl")).unwrap();
    assert!(ledger.contains("aHVudGVyMg=="), "what is secret arrives whole: {ledger}");

    let shot = OneShot {
        server: SERVER,
        fence: Fence(2),
        number: Uuid::from_u128(1),
        kind: OneShotKind::HardReboot,
        shutdown_timeout_s: 1,
    };
    assert_eq!(remote.one_shot(&shot).await.unwrap().power, Power::Running);
    for lines in [None, Some(1), Some(0)] {
        assert_eq!(remote.console_log(SERVER, lines).await, node.sim.console_log(SERVER, lines).await, "{lines:?}");
    }
    assert!(!remote.console_log(SERVER, None).await.unwrap().is_empty());
    assert_eq!(remote.explain(SERVER).await, node.sim.explain(SERVER).await);

    remote.drop_domain(SERVER, Fence(3)).await.unwrap();
    remote.drop_domain(SERVER, Fence(3)).await.unwrap();
    assert_eq!(node.sim.domains().await.unwrap(), vec![]);
}

#[tokio::test]
async fn refusals_keep_their_kind_and_their_reason() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    remote.put_domain(&spec(5, 1, Wanted::On)).await.unwrap();

    let low = spec(4, 2, Wanted::On);
    let answers = [
        (
            remote.put_domain(&low).await.unwrap_err(),
            node.sim.put_domain(&low).await.unwrap_err(),
            AgentErrorKind::Fenced,
        ),
        {
            let other = Uuid::from_u128(8);
            let there = node.sim.console_log(other, None).await.unwrap_err();
            (remote.console_log(other, None).await.unwrap_err(), there, AgentErrorKind::NotFound)
        },
        {
            let large =
                ferrostack_agent_api::DomainSpec { server: Uuid::from_u128(9), vcpus: 9999, ..spec(1, 1, Wanted::On) };
            let there = node.sim.put_domain(&large).await.unwrap_err();
            (remote.put_domain(&large).await.unwrap_err(), there, AgentErrorKind::Refused)
        },
    ];
    for (far, near, kind) in answers {
        assert_eq!(far, near);
        assert_eq!(far.kind, kind);
    }
}

#[tokio::test]
async fn many_calls_go_on_at_once_over_one_connection() {
    let world = World::new();
    let node = world.node().await;
    node.sim.misbehave(|faults| faults.delay = std::time::Duration::from_millis(300));
    let remote = node.remote(&world.controller());
    let started = world.clock.now();
    let answers = futures::future::join_all((0..50).map(|_| remote.facts())).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let took = world.clock.now().since(started);
    assert!(took.as_secs() < 5, "one after the other would take 15 s: {took:?}");
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_at_both_ends() {
    let world = World::new();
    let node = world.node().await;
    let remote = node.remote(&world.controller());
    let mut large = spec(1, 1, Wanted::On);
    large.hostname = "x".repeat(8 << 20);
    let error = remote.put_domain(&large).await.unwrap_err();
    assert_eq!(error.kind, AgentErrorKind::Refused);
    assert!(error.message.ends_with("at most 8388608 are taken"), "{error:?}");

    let mut raw = Raw::new(&world.dir("controller-1"), node.served.address).await;
    let path = format!("/v1/domains/{SERVER}");
    let (status, answer) = raw.call("PUT", &path, &serde_json::to_value(&large).unwrap()).await;
    assert_eq!((status, answer["kind"].as_str()), (422, Some("Refused")));
    large.hostname.truncate(4 << 20);
    let (status, _) = raw.call("PUT", &path, &serde_json::to_value(&large).unwrap()).await;
    assert_eq!(status, 200);
    assert!(remote.facts().await.is_ok());
}
