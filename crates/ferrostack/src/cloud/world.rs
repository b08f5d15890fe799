//! What the services stand on: nodes and an OVN, simulated or real.

use std::sync::Arc;

use ferrostack_agent_api::{AgentError, AgentErrorKind, Agents, EngineObject};
use ferrostack_base::{Secret, chain};
use ferrostack_ovn::Endpoint;
use uuid::Uuid;

use crate::health::{Health, Part};

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
    pub(super) daemons: Option<ferrostack_daemons::Running>,
}

impl World {
    /// All engines, of this process and of the nodes.
    pub(super) async fn engines(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if let Some(daemons) = &self.daemons {
            parts.extend(daemons.health().await.into_iter().map(|engine| Part {
                name: format!("{} {}", engine.name, engine.version),
                health: if engine.healthy { Health::Healthy } else { Health::Down },
                reason: engine.reason,
                since: None,
            }));
        }
        for node in self.agents.nodes() {
            let Some(agent) = self.agents.agent(&node) else { continue };
            match agent.engines().await {
                Ok(engines) => parts.extend(engines.into_iter().map(|engine| Part {
                    name: format!("{node}: {} {}", engine.name, engine.version),
                    health: if engine.healthy { Health::Healthy } else { Health::Down },
                    reason: engine.reason,
                    since: None,
                })),
                Err(error) => parts.push(Part {
                    name: node,
                    health: Health::Down,
                    reason: Some(chain(&error).to_string()),
                    since: None,
                }),
            }
        }
        parts
    }

    /// What the engines of a node have of a server.
    pub(super) async fn explain(&self, node: &str, server: Uuid) -> Result<Vec<EngineObject>, AgentError> {
        match self.agents.agent(node) {
            Some(agent) => agent.explain(server).await,
            None => Err(AgentError::new(AgentErrorKind::Unreachable, format!("node {node} has not joined"))),
        }
    }
}
