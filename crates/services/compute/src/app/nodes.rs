//! Talking to nodes: deadlines, and what an answer means for an operation.

use std::{sync::Arc, time::Duration};

use ferrostack_agent_api::{Agent, AgentError, AgentErrorKind, DomainReport, DomainSpec};
use ferrostack_base::Fence;
use ferrostack_saga::{Failure, FailureKind};

use crate::{Compute, model::ServerId, store, store::cleanup_debt::CleanupDebt};

/// Pause between two tries to reach a node.
const PAUSE: Duration = Duration::from_secs(1);
/// How much longer than others the last host of a build may be silent: engines that died are started again within a minute.
const LAST: u32 = 3;

impl Compute {
    /// The agent of that node.
    ///
    /// # Errors
    /// `Unreachable` when no such node ever joined this controller.
    pub(crate) fn agent(&self, host: &str) -> Result<Arc<dyn Agent>, AgentError> {
        let unknown = || AgentError::new(AgentErrorKind::Unreachable, format!("node {host} is not known here"));
        self.agents().agent(host).ok_or_else(unknown)
    }

    /// Waits for an agent's answer, at most `patience`.
    pub(crate) async fn within<T>(
        &self,
        patience: Duration,
        answer: impl Future<Output = Result<T, AgentError>>,
    ) -> Result<T, AgentError> {
        let late =
            |_| AgentError::new(AgentErrorKind::Unreachable, format!("no answer within {} s", patience.as_secs()));
        self.clock().timeout(patience, answer).await.map_err(late)?
    }

    /// Makes a domain as wanted, if the node answers within `patience`.
    pub(crate) async fn try_domain(
        &self,
        host: &str,
        spec: &DomainSpec,
        patience: Duration,
    ) -> Result<DomainReport, AgentError> {
        let agent = self.agent(host)?;
        self.within(patience, agent.put_domain(spec)).await
    }

    /// Makes a domain as wanted, if the node answers within `patience`. A node that does not answer at all, such as one whose
    /// agent restarts, is asked again for a while; for longer when there is no other that could be asked instead.
    pub(crate) async fn put_domain(
        &self,
        host: &str,
        spec: &DomainSpec,
        patience: Duration,
        is_last: bool,
    ) -> Result<DomainReport, AgentError> {
        let deadline = self.now() + patience;
        let silence = self.options().agent_patience * if is_last { LAST } else { 1 };
        let give_up = self.now() + patience.min(silence);
        loop {
            match self.try_domain(host, spec, deadline.since(self.now())).await {
                Err(error) if error.kind == AgentErrorKind::Unreachable && self.now() + PAUSE < give_up => {
                    tracing::warn!(host, server = %spec.server, reason = error.message, "the node is asked again");
                    self.clock().sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }

    /// Removes a domain, or writes down that the node still owes it: a silent node must not hold a deletion up, and it
    /// must not keep the domain either (R5).
    pub(crate) async fn drop_domain(&self, host: &str, server: ServerId, fence: Fence) -> Result<(), Failure> {
        let answer = match self.agent(host) {
            Ok(agent) => self.within(self.options().agent_patience, agent.drop_domain(server.0, fence)).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(()) => Ok(()),
            Err(error) if error.kind == AgentErrorKind::NotFound => Ok(()),
            Err(error) if error.kind == AgentErrorKind::Unreachable => {
                tracing::warn!(host, %server, reason = error.message, "the node does not answer; it will have to clean up when it does");
                let debt =
                    CleanupDebt { server, host: host.to_owned(), fence, reason: error.message, created: self.now() };
                let debt = &debt;
                self.db().tx(|tx| async move { store::cleanup_debt::put(&tx, debt).await }).await?;
                Ok(())
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// What an agent's refusal means where no other host can be tried.
pub(crate) fn failed(error: AgentError) -> Failure {
    match error.kind {
        // A higher fence was seen: this operation was overtaken or taken over, whatever this process believes.
        AgentErrorKind::Fenced => Failure { kind: FailureKind::Lost, reason: error.message },
        // The operation waits, with this as its reason, and asks again.
        AgentErrorKind::Unreachable => Failure::transient(error.message),
        AgentErrorKind::NotFound | AgentErrorKind::Refused => Failure::new(error.message),
    }
}

/// What an agent's refusal means where another host can be tried.
pub(crate) fn host_failed(error: AgentError) -> Failure {
    match error.kind {
        AgentErrorKind::Fenced => failed(error),
        AgentErrorKind::NotFound | AgentErrorKind::Refused | AgentErrorKind::Unreachable => {
            Failure::host(error.message)
        }
    }
}
