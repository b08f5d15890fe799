//! What stopping and starting have in common: the wanted power changes by a generation, and so does taking it back.

use std::time::Duration;

use ferrostack_agent_api::{DomainReport, Wanted};
use ferrostack_base::{Fence, Generation};
use ferrostack_db::{DbError, Tx};
use ferrostack_saga::{Failure, FailureKind, StepRecord, Steps};
use serde::{Deserialize, Serialize};

use super::load;
use crate::{
    Compute,
    app::{nodes::failed, settling::settle},
    model::{Domain, DomainChange, Server, ServerId},
    store,
};

/// A change of power on the server's host.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PowerChange {
    /// The server.
    pub(crate) server: ServerId,
    /// Where it is.
    pub(crate) host: String,
    /// What its record wants when the operation is accepted; two generations beyond it belong to the operation.
    pub(crate) generation: Generation,
    /// What the domain did then, which is what taking the change back restores.
    pub(crate) before: Wanted,
}

impl PowerChange {
    /// Tells the agent; a generation is acted on once, so a guest that changed its mind afterwards is left alone.
    pub(crate) async fn put(
        &self,
        compute: &Compute,
        power: Wanted,
        fence: Fence,
        request_id: &str,
    ) -> Result<DomainReport, Failure> {
        let server = load(compute, self.server).await?;
        let generation = if power == self.before { self.generation.next().next() } else { self.generation.next() };
        let (host, ports) = (&self.host, &server.ports);
        let change = DomainChange { host, power, generation, fence, ports, request_id };
        let spec = compute.domain_spec(&server, change).await?;
        let mut patience = compute.options().agent_patience;
        if power == Wanted::Off {
            patience += Duration::from_secs(spec.shutdown_timeout_s);
        }
        compute.try_domain(host, &spec, patience).await.map_err(failed)
    }

    /// The only step, and the end.
    pub(crate) async fn run(&self, op: &mut Steps, compute: &Compute, power: Wanted) -> Result<(), Failure> {
        let (fence, request_id) = (op.fence(), op.origin().request_id.clone());
        let request_id = &request_id;
        let report = op.step("put_domain", || self.put(compute, power, fence, request_id)).await?;
        let report = &report;
        op.finish(|tx| async move {
            self.settle(
                &tx,
                compute,
                |server| {
                    server.power = power;
                    server.generation = report.generation;
                },
                Some(report),
            )
            .await
        })
        .await
    }

    /// Restores what the domain did before. A node that does not answer is asked again and again (R6).
    pub(crate) async fn undo(&self, step: &StepRecord, fence: Fence, compute: &Compute) -> Result<(), Failure> {
        if step.step() != "put_domain" {
            return Ok(());
        }
        let restored = self.put(compute, self.before, fence, "undo").await;
        restored.map(|_| ()).map_err(|failure| match failure.kind {
            FailureKind::Final => Failure::transient(failure.reason),
            _ => failure,
        })
    }

    /// All is as it was; the generation has moved on.
    pub(crate) async fn take_back(&self, tx: &Tx, compute: &Compute) -> Result<(), DbError> {
        self.settle(tx, compute, |server| server.generation = self.generation.next().next(), None).await
    }

    async fn settle(
        &self,
        tx: &Tx,
        compute: &Compute,
        change: impl Fn(&mut Server),
        report: Option<&DomainReport>,
    ) -> Result<(), DbError> {
        let Some(mut server) = store::server::lock(tx, self.server).await? else { return Ok(()) };
        if let Some(report) = report {
            store::domain::put(tx, &Domain::reported(report, &self.host)).await?;
        }
        change(&mut server);
        server.operation = None;
        settle(tx, &mut server, compute.now()).await
    }
}
