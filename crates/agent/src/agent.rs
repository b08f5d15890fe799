//! The agent as a whole: start-up, and what it answers to controllers.

use std::{sync::Arc, time::Duration};

use ferrostack_agent_api::{
    self as api, AgentError, AgentErrorKind, ByteStream, ConsoleKind, DomainReport, DomainSpec, EngineFacts,
    EngineObject, ImageSource, NodeFacts, OneShot, Reply,
};
use ferrostack_base::{Clock, Fence};
use tokio::{sync::watch, task::AbortHandle};
use uuid::Uuid;

use crate::{AgentOptions, StartError, console, domain::is_on, error::NodeError, node::Node, observer};

/// A question about what is must be answered while its caller still waits.
const PATIENCE: Duration = Duration::from_secs(15);

/// A node's agent. See the crate's documentation.
pub struct Agent {
    node: Arc<Node>,
    observer: AbortHandle,
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.observer.abort();
    }
}

impl Agent {
    /// Opens the state folder, takes up what was left half done, adopts what libvirt runs, and keeps observing until the
    /// last handle is dropped. Must be called within a tokio runtime. Engines that are away are waited for in the
    /// background.
    ///
    /// # Errors
    /// [`StartError`] when the state folder can't be used, or another agent has it.
    pub async fn start(
        options: AgentOptions,
        clock: Clock,
        images: Arc<dyn ImageSource>,
    ) -> Result<Arc<Self>, StartError> {
        let node = Arc::new(Node::open(options, clock, images)?);
        let events = node.domains.events();
        let observer = tokio::spawn(observer::observe(node.clone(), events)).abort_handle();
        Ok(Arc::new(Self { node, observer }))
    }

    /// Counts what guests did by themselves: who waits for a change need not ask all the time.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.node.changes.subscribe()
    }

    /// Acts in a task of its own: a caller that goes away does not leave half of it.
    async fn act<T: Send + 'static>(
        &self,
        action: impl Future<Output = Result<T, NodeError>> + Send + 'static,
    ) -> Result<T, AgentError> {
        let acted = tokio::spawn(action).await;
        let acted = acted.map_err(|failed| AgentError::new(AgentErrorKind::Unreachable, failed.to_string()))?;
        Ok(acted?)
    }

    async fn soon<T>(&self, question: impl Future<Output = Result<T, NodeError>>) -> Result<T, AgentError> {
        let late = |_| {
            let message = format!("the engines of {} do not answer", self.node.options.name);
            AgentError::new(AgentErrorKind::Unreachable, message)
        };
        Ok(self.node.clock.timeout(PATIENCE, question).await.map_err(late)??)
    }
}

impl api::Agent for Agent {
    fn facts(&self) -> Reply<'_, NodeFacts> {
        Box::pin(self.soon(self.node.facts()))
    }

    fn put_domain<'a>(&'a self, spec: &'a DomainSpec) -> Reply<'a, DomainReport> {
        Box::pin(self.act(self.node.clone().put_domain(spec.clone())))
    }

    fn drop_domain(&self, server: Uuid, fence: Fence) -> Reply<'_, ()> {
        Box::pin(self.act(self.node.clone().drop_domain(server, fence)))
    }

    fn one_shot<'a>(&'a self, shot: &'a OneShot) -> Reply<'a, DomainReport> {
        Box::pin(self.act(self.node.clone().one_shot(shot.clone())))
    }

    fn console_log(&self, server: Uuid, lines: Option<usize>) -> Reply<'_, String> {
        Box::pin(async move {
            self.node.ledger.record(server)?;
            Ok(console::log(&self.node.disks.files(server), lines).await?)
        })
    }

    fn domains(&self) -> Reply<'_, Vec<DomainReport>> {
        Box::pin(self.soon(self.node.reports()))
    }

    fn open_console(&self, server: Uuid, kind: ConsoleKind) -> Reply<'_, Box<dyn ByteStream>> {
        Box::pin(self.soon(async move {
            self.node.ledger.record(server)?;
            let status = self.node.domains.status(server).await?;
            if !is_on(crate::domain::Seen::of(status).power) {
                return Err(NodeError::Off { server });
            }
            console::open(&self.node.disks.files(server), kind).await
        }))
    }

    fn engines(&self) -> Reply<'_, Vec<EngineFacts>> {
        Box::pin(async { Ok(self.node.engines().await) })
    }

    fn explain(&self, server: Uuid) -> Reply<'_, Vec<EngineObject>> {
        Box::pin(self.soon(self.node.explain(server)))
    }
}
