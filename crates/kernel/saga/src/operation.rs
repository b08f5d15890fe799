//! What an operation is.

use std::{fmt, future::Future};

use ferrostack_base::{Fence, uuid_id};
use ferrostack_db::{DbError, Tx, column_id};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Failure, StepRecord, Steps};

uuid_id!(
    /// An operation.
    OperationId,
    "operation"
);
column_id!(OperationId);

/// What an operation is about: `server` and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    /// Its type, such as `server`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

impl Resource {
    /// `Resource::new("server", id)`.
    pub fn new(kind: &'static str, id: impl fmt::Display) -> Self {
        Self { kind, id: id.to_string() }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// A kind of operation. The value itself holds its parameters; it is stored at accept and read back by whoever runs it.
pub trait Operation: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// `verb_noun`, such as `create_server`.
    const KIND: &'static str;
    /// Of the parameters and the steps; a controller claims only kinds and versions that it knows (R12).
    const VERSION: i64;
    /// Never undone, tried for ever.
    const FORWARD_ONLY: bool = false;
    /// Accepting it ends a live operation on the same resource.
    const SUPERSEDES: bool = false;
    /// The service's handle.
    type World: Clone + Send + Sync + 'static;

    /// The steps; ends with [`Steps::finish`].
    fn run(&self, op: &mut Steps, world: &Self::World) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Takes back what the step of that record did, or may have done. Called for failed steps too, and perhaps twice.
    fn undo(
        &self,
        step: &StepRecord,
        fence: Fence,
        world: &Self::World,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Writes what the failure means for the resource, in the transaction that ends the operation. All is undone then.
    fn failed(
        &self,
        tx: &Tx,
        world: &Self::World,
        failure: &Failure,
    ) -> impl Future<Output = Result<(), DbError>> + Send;
}
