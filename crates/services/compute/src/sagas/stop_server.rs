//! Powers a server off. One step, which is taken back by powering it on again.

use ferrostack_agent_api::Wanted;
use ferrostack_base::Fence;
use ferrostack_db::{DbError, Tx};
use ferrostack_saga::{Failure, Operation, StepRecord, Steps};
use serde::{Deserialize, Serialize};

use super::power::PowerChange;
use crate::Compute;

/// The parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopServer(pub(crate) PowerChange);

impl Operation for StopServer {
    const KIND: &'static str = "stop_server";
    const VERSION: i64 = 1;
    type World = Compute;

    async fn run(&self, op: &mut Steps, compute: &Compute) -> Result<(), Failure> {
        self.0.run(op, compute, Wanted::Off).await
    }

    async fn undo(&self, step: &StepRecord, fence: Fence, compute: &Compute) -> Result<(), Failure> {
        self.0.undo(step, fence, compute).await
    }

    async fn failed(&self, tx: &Tx, compute: &Compute, _: &Failure) -> Result<(), DbError> {
        self.0.take_back(tx, compute).await
    }
}
