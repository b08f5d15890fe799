//! How operations are refused and how steps fail.

use ferrostack_db::DbError;
use serde::{Deserialize, Serialize};

/// Why an operation is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Another operation on the same resource is still running.
    #[error("{resource} is busy: {kind} is still running")]
    Busy {
        /// The resource.
        resource: String,
        /// What is running.
        kind: String,
    },
    /// The database.
    #[error("the operation could not be written")]
    Db(#[from] DbError),
}

/// What a failed step means for the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// This host can't do it; another one may.
    Host,
    /// The operation can't succeed.
    Final,
    /// Try again later; nothing is known to be wrong with the request.
    Transient,
    /// The operation belongs to someone else now: stop at once, write nothing.
    Lost,
}

/// A failed step. It is kept in the log, so it is data; causes go into the reason as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What it means.
    pub kind: FailureKind,
    /// For users and operators.
    pub reason: String,
}

impl Failure {
    /// The operation can't succeed.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Final, reason: reason.into() }
    }

    /// This host can't do it.
    pub fn host(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Host, reason: reason.into() }
    }

    /// Try again later.
    pub fn transient(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Transient, reason: reason.into() }
    }

    pub(crate) fn lost() -> Self {
        Self { kind: FailureKind::Lost, reason: "the operation belongs to another controller".to_owned() }
    }

    /// Whether another host may be tried.
    pub fn is_about_the_host(&self) -> bool {
        self.kind == FailureKind::Host
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let reason = ferrostack_base::chain(&error).to_string();
        match error {
            DbError::Fenced => Self::lost(),
            DbError::Unavailable(_) | DbError::Transient(_) | DbError::NoSpace(_) | DbError::Ended => {
                Self::transient(reason)
            }
            _ => Self::new(reason),
        }
    }
}
