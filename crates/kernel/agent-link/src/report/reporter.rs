//! Reports of a node.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::http::Method;
use ferrostack_agent_api::{Agent, AgentError, AgentErrorKind};
use ferrostack_base::{Clock, Timestamp};
use tokio::sync::watch;

use super::Controllers;
use crate::{
    client::Question,
    wire::{NodeReport, ReportAnswer},
};

/// How long a controller may take for a report before the next one is asked.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause after no controller answered; each further one is twice as long, up to the period of reports.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How the node stands with the controllers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was reported yet.
    Starting,
    /// A controller knows the node.
    Known {
        /// `host:port` of the controller.
        controller: String,
        /// When it said so last.
        at: Timestamp,
    },
    /// No controller takes the node's report.
    Unheard {
        /// What each of them answered.
        reason: String,
    },
}

/// Tells the controllers from time to time what the node is.
pub struct Reporter {
    clock: Clock,
    controllers: Controllers,
    agent: Arc<dyn Agent>,
    address: SocketAddr,
    version: String,
    every: Duration,
    standing: watch::Sender<Standing>,
}

impl Reporter {
    /// Reports `agent`, which controllers reach at `address`; `version` is the program's.
    pub fn new(
        clock: &Clock,
        controllers: Controllers,
        agent: Arc<dyn Agent>,
        address: SocketAddr,
        version: &str,
        every: Duration,
    ) -> Self {
        let standing = watch::Sender::new(Standing::Starting);
        Self { clock: clock.clone(), controllers, agent, address, version: version.to_owned(), every, standing }
    }

    /// How the node stands, and changes of that.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Reports until it is dropped.
    pub async fn run(self) {
        let mut pause = FIRST_PAUSE.min(self.every);
        loop {
            let wait = match self.report().await {
                Ok(controller) => {
                    self.heard(controller);
                    pause = FIRST_PAUSE.min(self.every);
                    self.every
                }
                Err(reason) => {
                    self.unheard(reason);
                    let wait = pause;
                    pause = (pause * 2).min(self.every);
                    wait
                }
            };
            self.clock.sleep(wait).await;
        }
    }

    /// Reports to the first controller that takes it; says which one that was.
    async fn report(&self) -> Result<String, String> {
        let facts = self.agent.facts().await.map_err(|error| format!("the node can't tell what it is: {error}"))?;
        let report = NodeReport { facts, address: self.address, version: self.version.clone() };
        let mut reasons = Vec::new();
        for (number, channel) in self.controllers.in_order() {
            match send(channel, &report).await {
                Ok(_) => {
                    self.controllers.prefer(number);
                    return Ok(channel.target().authority.clone());
                }
                Err(error) if error.kind == AgentErrorKind::Unreachable => reasons.push(error.message),
                Err(error) => reasons.push(format!("{} refuses the report: {}", channel.target(), error.message)),
            }
        }
        Err(reasons.join("; "))
    }

    fn heard(&self, controller: String) {
        let known =
            matches!(&*self.standing.borrow(), Standing::Known { controller: before, .. } if *before == controller);
        if !known {
            tracing::info!(controller, "the controller knows this node");
        }
        self.standing.send_replace(Standing::Known { controller, at: self.clock.now() });
    }

    fn unheard(&self, reason: String) {
        let new = Standing::Unheard { reason };
        if *self.standing.borrow() != new {
            if let Standing::Unheard { reason } = &new {
                tracing::warn!(reason, "no controller takes the report of this node");
            }
            self.standing.send_replace(new);
        }
    }
}

async fn send(channel: &crate::client::Channel, report: &NodeReport) -> Result<ReportAnswer, AgentError> {
    channel.ask(Question::with_body(Method::POST, "/v1/reports", report)?.within(PATIENCE)).await
}
