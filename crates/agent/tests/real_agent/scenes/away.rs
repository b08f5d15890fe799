//! Engines that die.

use std::time::Duration;

use ferrostack_agent_api::{Agent as _, AgentErrorKind, Power, Wanted};
use ferrostack_base::Fence;
use ferrostack_daemons::Running;

use super::inside;
use crate::guest::{Node, SERVER, run, spec};

pub fn engines_die_and_come_back() {
    inside(|running| async move {
        let node = Node::start(None, None).await;
        node.put(&spec(1, 1, Wanted::On)).await;
        kill(&running, "libvirtd").await;
        let refused = node.agent.put_domain(&spec(2, 2, Wanted::Off)).await.unwrap_err();
        assert_eq!(refused.kind, AgentErrorKind::Unreachable, "{refused}");
        assert_eq!(node.agent.domains().await.unwrap_err().kind, AgentErrorKind::Unreachable);
        assert_eq!(node.agent.facts().await.unwrap_err().kind, AgentErrorKind::Unreachable);
        let engines = node.agent.engines().await.unwrap();
        assert!(engines.iter().any(|engine| engine.name == "libvirt" && !engine.healthy && engine.reason.is_some()));
        let refused = node.agent.drop_domain(SERVER, Fence(1)).await.unwrap_err();
        assert_eq!(refused.kind, AgentErrorKind::Fenced, "{refused}");

        let watching = tokio::spawn({
            let running = running.clone();
            async move { running.watch().await }
        });
        for _ in 0..300 {
            if node.agent.facts().await.is_ok() {
                break;
            }
            node.clock.sleep(Duration::from_millis(200)).await;
        }
        let report = node.report().await.unwrap();
        assert_eq!((report.power, report.fence), (Power::Running, Fence(2)), "the guest lived on, the wish was kept");
        assert_eq!(node.put(&spec(2, 2, Wanted::Off)).await.power, Power::Shutdown);

        // A drop while libvirtd is away is finished when it is back, without being asked again.
        watching.abort();
        kill(&running, "libvirtd").await;
        let refused = node.agent.drop_domain(SERVER, Fence(3)).await.unwrap_err();
        assert_eq!(refused.kind, AgentErrorKind::Unreachable, "{refused}");
        tokio::spawn(async move { running.watch().await });
        for _ in 0..300 {
            if node.agent.facts().await.is_ok() {
                break;
            }
            node.clock.sleep(Duration::from_millis(200)).await;
        }
        node.clock.sleep(Duration::from_secs(4)).await;
        node.assert_empty().await;
    });
}

/// Kills an engine as nothing else could.
async fn kill(running: &Running, name: &str) {
    let health = running.health().await;
    let pid = health.into_iter().find(|engine| engine.name == name).and_then(|engine| engine.pid).unwrap();
    run("kill", &["-9", &pid.to_string()]);
}
