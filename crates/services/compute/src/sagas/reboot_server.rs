//! Restarts a server's guest, softly or hard.
//!
//! A reboot is no state that could be wanted or taken back: the agent does it once per number, which is the operation's
//! id (R8). A hard reboot of a server that is off powers it on instead, as a change of what is wanted.

use std::time::Duration;

use ferrostack_agent_api::{DomainReport, OneShot, OneShotKind, Wanted};
use ferrostack_base::Fence;
use ferrostack_db::{DbError, Tx};
use ferrostack_saga::{Failure, Operation, StepRecord, Steps};
use serde::{Deserialize, Serialize};

use super::{load, power::PowerChange};
use crate::{
    Compute,
    app::{nodes::failed, settling::settle},
    model::Domain,
    store,
};

/// The parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RebootServer {
    pub(crate) change: PowerChange,
    pub(crate) kind: OneShotKind,
}

impl Operation for RebootServer {
    const KIND: &'static str = "reboot_server";
    const VERSION: i64 = 1;
    type World = Compute;

    async fn run(&self, op: &mut Steps, compute: &Compute) -> Result<(), Failure> {
        if self.change.before == Wanted::Off {
            return self.change.run(op, compute, Wanted::On).await;
        }
        let shutdown_timeout_s = compute.shutdown_timeout_s(&load(compute, self.change.server).await?);
        let shot = &OneShot {
            server: self.change.server.0,
            fence: op.fence(),
            number: op.id().0,
            kind: self.kind.clone(),
            shutdown_timeout_s,
        };
        let report = op.step("reboot", || self.shoot(compute, shot)).await?;
        let report = &report;
        op.finish(|tx| async move {
            let Some(mut server) = store::server::lock(&tx, self.change.server).await? else { return Ok(()) };
            store::domain::put(&tx, &Domain::reported(report, &self.change.host)).await?;
            server.operation = None;
            settle(&tx, &mut server, compute.now()).await
        })
        .await
    }

    async fn undo(&self, step: &StepRecord, fence: Fence, compute: &Compute) -> Result<(), Failure> {
        match step.step() {
            // The guest runs, as it did before.
            "reboot" => Ok(()),
            _ => self.change.undo(step, fence, compute).await,
        }
    }

    async fn failed(&self, tx: &Tx, compute: &Compute, _: &Failure) -> Result<(), DbError> {
        self.change.take_back(tx, compute).await
    }
}

impl RebootServer {
    async fn shoot(&self, compute: &Compute, shot: &OneShot) -> Result<DomainReport, Failure> {
        let agent = compute.agent(&self.change.host).map_err(failed)?;
        let patience = compute.options().agent_patience + Duration::from_secs(shot.shutdown_timeout_s);
        compute.within(patience, agent.one_shot(shot)).await.map_err(failed)
    }
}
