//! What the service refuses, and what can fail.

use ferrostack_auth::{AuthError, Denied};
use ferrostack_contracts::{ContractError, ErrorKind};
use ferrostack_db::DbError;
use ferrostack_http::{Fault, FaultKind};
use ferrostack_quota::QuotaError;
use ferrostack_saga::AcceptError;

/// Refusals and failures. Their texts go to the caller.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// No such thing, or none that the caller may know of.
    #[error("{what} {id} could not be found.")]
    NotFound {
        /// What was looked for, such as `Server`.
        what: &'static str,
        /// Its id or name.
        id: String,
    },
    /// The request names something that does not exist or does not fit.
    #[error("Invalid {field}: {reason}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// The value and what is wrong with it.
        reason: String,
    },
    /// The server's state does not allow the action.
    #[error("Cannot {action:?} server {server} while it is in {attribute} {state}.")]
    WrongState {
        /// What was asked for.
        action: &'static str,
        /// The server.
        server: String,
        /// `vm_state` or `task_state`.
        attribute: &'static str,
        /// Its value.
        state: String,
    },
    /// Something of that name exists, or the state of something else is in the way.
    #[error("{reason}")]
    Conflict {
        /// What and why.
        reason: String,
    },
    /// A limit would be passed.
    #[error("Quota exceeded for {resource}: requested {wanted}, but already used {used} of {limit} {resource}.")]
    OverQuota {
        /// `instances`, `cores`, `ram`, `key_pairs`, `metadata_items`.
        resource: String,
        /// How much more was asked for.
        wanted: i64,
        /// How much is used.
        used: i64,
        /// The limit.
        limit: i64,
    },
    /// The node that has the server does not answer.
    #[error("Host {host} does not answer; please try again later.")]
    NodeSilent {
        /// The node.
        host: String,
    },
    /// Not to this caller.
    #[error("{reason}")]
    Forbidden {
        /// Why not.
        reason: String,
    },
    /// The policy says no.
    #[error("Policy does not allow {} to be performed.", .0.action())]
    Denied(#[from] Denied),
    /// The token does not suffice.
    #[error("the token does not suffice")]
    Auth(#[from] AuthError),
    /// Another service says no.
    #[error("{0}")]
    Neighbour(ContractError),
    /// A key pair could not be made.
    #[error("the key pair could not be made")]
    Keys(#[from] ssh_key::Error),
    /// The database failed.
    #[error("the database could not be asked")]
    Db(#[from] DbError),
}

impl ComputeError {
    pub(crate) fn not_found(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }

    pub(crate) fn conflict(reason: impl Into<String>) -> Self {
        Self::Conflict { reason: reason.into() }
    }

    /// What a neighbour says about something that the request's body names: that it is missing is the body's fault.
    pub(crate) fn in_body(error: ContractError) -> Self {
        match error.kind {
            ErrorKind::NotFound => Self::Neighbour(ContractError { kind: ErrorKind::Invalid, ..error }),
            _ => Self::Neighbour(error),
        }
    }
}

impl From<ContractError> for ComputeError {
    fn from(error: ContractError) -> Self {
        Self::Neighbour(error)
    }
}

impl From<AcceptError> for ComputeError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Db(error) => Self::Db(error),
            busy @ AcceptError::Busy { .. } => Self::conflict(format!("{busy}.")),
        }
    }
}

impl From<QuotaError> for ComputeError {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Db(error) => Self::Db(error),
            QuotaError::Exceeded { resource, limit, used, wanted } => {
                let resource = resource.trim_start_matches("compute.").to_owned();
                Self::OverQuota { resource, wanted, used, limit }
            }
        }
    }
}

impl From<ComputeError> for Fault {
    fn from(error: ComputeError) -> Self {
        let kind = match error {
            ComputeError::Db(error) => return error.into(),
            ComputeError::Denied(denied) => return denied.into(),
            ComputeError::Auth(error) => return error.into(),
            ComputeError::Neighbour(ContractError { kind: ErrorKind::Internal, .. }) | ComputeError::Keys(_) => {
                return Self::internal(error);
            }
            ComputeError::NotFound { .. } => FaultKind::NotFound,
            ComputeError::Invalid { .. } => FaultKind::BadRequest,
            ComputeError::WrongState { .. } | ComputeError::Conflict { .. } => FaultKind::Conflict,
            ComputeError::OverQuota { .. } => FaultKind::OverQuota,
            ComputeError::Forbidden { .. } => FaultKind::Forbidden,
            ComputeError::NodeSilent { .. } => FaultKind::Unavailable,
            ComputeError::Neighbour(ref error) => match error.kind {
                ErrorKind::NotFound => FaultKind::NotFound,
                ErrorKind::Invalid => FaultKind::BadRequest,
                ErrorKind::Forbidden => FaultKind::Forbidden,
                ErrorKind::Conflict => FaultKind::Conflict,
                ErrorKind::Exhausted => FaultKind::OverQuota,
                ErrorKind::Unavailable | ErrorKind::Internal => FaultKind::Unavailable,
            },
        };
        Self::of(kind, error.to_string()).caused_by(error)
    }
}
