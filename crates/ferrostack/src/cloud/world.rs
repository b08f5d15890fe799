//! What the services stand on: nodes and an OVN, simulated or real.

use std::{sync::Arc, time::Duration};

use ferrostack_agent_api::{Agent, AgentError, AgentErrorKind, Agents, EngineObject};
use ferrostack_base::{Clock, Secret, chain};
use ferrostack_daemons::{EngineHealth, Running};
use ferrostack_ovn::Endpoint;
use futures::future::{join, join_all};
use tokio::sync::watch;
use uuid::Uuid;

use crate::health::{Health, Part};

/// How long a node may take to tell of its engines; `status` waits a little longer for all of them.
const PATIENCE: Duration = Duration::from_secs(4);

/// The world.
#[derive(Clone)]
pub(super) struct World {
    /// The nodes.
    pub(super) agents: Arc<dyn Agents>,
    /// OVN's Northbound database.
    pub(super) northbound: Endpoint,
    /// OVN's Southbound database.
    pub(super) southbound: Endpoint,
    /// What nodes sign guests' questions for metadata with.
    pub(super) metadata_secret: Secret<String>,
    /// Engines that this process looks after itself.
    pub(super) daemons: Option<Running>,
    /// Moves when a guest of this process' own node did something by itself.
    pub(super) changes: Option<watch::Receiver<u64>>,
}

impl World {
    /// All engines, of this process and of the nodes. Nodes are asked at once: a silent one holds nobody up.
    pub(super) async fn engines(&self) -> Vec<Part> {
        let own = async {
            match &self.daemons {
                Some(daemons) => daemon_parts(daemons).await,
                None => Vec::new(),
            }
        };
        let nodes = self.agents.nodes();
        let asked = nodes.iter().filter_map(|node| Some((node, self.agents.agent(node)?)));
        let asked = join_all(asked.map(|(node, agent)| async move { agent_parts(node, &*agent).await }));
        let (mut parts, of_nodes) = join(own, asked).await;
        parts.extend(of_nodes.into_iter().flatten());
        parts
    }

    /// What the engines of a node have of a server; or why that is not known.
    pub(super) async fn explain(&self, node: &str, server: Uuid) -> Vec<EngineObject> {
        let told = match self.agents.agent(node) {
            Some(agent) => agent.explain(server).await,
            None => Err(AgentError::new(AgentErrorKind::Unreachable, format!("node {node} has not joined"))),
        };
        told.unwrap_or_else(|error| {
            let silent = EngineObject {
                kind: "node".to_owned(),
                name: node.to_owned(),
                command: "ferrostack status".to_owned(),
                content: chain(&error).to_string(),
            };
            vec![silent]
        })
    }
}

/// The engines that a process looks after.
pub(super) async fn daemon_parts(daemons: &Running) -> Vec<Part> {
    let part = |engine: EngineHealth| Part {
        name: format!("{} {}", engine.name, engine.version),
        health: if engine.healthy { Health::Healthy } else { Health::Down },
        reason: engine.reason,
        since: None,
    };
    daemons.health().await.into_iter().map(part).collect()
}

/// The engines of a node as its agent tells.
pub(super) async fn agent_parts(node: &str, agent: &dyn Agent) -> Vec<Part> {
    let part = |name, healthy, reason| Part {
        name,
        health: if healthy { Health::Healthy } else { Health::Down },
        reason,
        since: None,
    };
    match Clock::system().timeout(PATIENCE, agent.engines()).await {
        Ok(Ok(engines)) => engines
            .into_iter()
            .map(|engine| part(format!("{node}: {} {}", engine.name, engine.version), engine.healthy, engine.reason))
            .collect(),
        Ok(Err(error)) => vec![part(node.to_owned(), false, Some(chain(&error).to_string()))],
        Err(late) => vec![part(node.to_owned(), false, Some(late.to_string()))],
    }
}
