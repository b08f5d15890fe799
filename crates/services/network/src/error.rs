//! Refusals of the network service, and how they are told: to clients in Neutron's dialect, to other services as
//! contract errors.

use std::time::Duration;

use ferrostack_auth::{AuthError, Denied};
use ferrostack_contracts::{ContractError, ErrorKind};
use ferrostack_db::DbError;
use ferrostack_http::Fault;
use ferrostack_ovn::OvnError;
use ferrostack_quota::QuotaError;

use crate::ids::{Kind, PortId};

/// Why something was not done. `code` is the name under which clients know the refusal (the `type` of a `NeutronError`,
/// after the API reference).
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No such resource, or none that the caller may know of.
    #[error("{} {id} could not be found.", kind.title())]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// By this id.
        id: String,
    },
    /// Something that the request names besides its own resource is not there: 404.
    #[error("{message}")]
    Missing {
        /// The client's name for it.
        code: &'static str,
        /// What is missing.
        message: String,
    },
    /// The request does not fit: 400.
    #[error("{message}")]
    Invalid {
        /// The client's name for it.
        code: &'static str,
        /// Field, value, and what is wrong.
        message: String,
    },
    /// The state of things is in the way: 409.
    #[error("{message}")]
    Conflict {
        /// The client's name for it.
        code: &'static str,
        /// What is in the way.
        message: String,
    },
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The token does not do.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A limit, or the database below it.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// The database.
    #[error("the database could not be asked")]
    Db(#[from] DbError),
    /// OVN's database.
    #[error("OVN could not be asked")]
    Ovn(#[from] OvnError),
    /// OVN does not say in time that ports are up.
    #[error("the ports {} are not up after {} seconds", ids(.ports), .patience.as_secs())]
    NotUp {
        /// Those that are not.
        ports: Vec<PortId>,
        /// How long was waited.
        patience: Duration,
    },
    /// Another writer changed the row between reading and writing it; callers begin again a few times.
    #[error("{} {id} is being changed by others all the time; please try again.", kind.title())]
    Raced {
        /// What is contended.
        kind: Kind,
        /// Its id.
        id: String,
    },
}

impl NetworkError {
    /// No such resource.
    pub fn not_found(kind: Kind, id: impl std::fmt::Display) -> Self {
        Self::NotFound { kind, id: id.to_string() }
    }

    /// 400 without a more special name.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { code: "InvalidInput", message: message.into() }
    }

    /// 400.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { code, message: message.into() }
    }

    /// 409.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into() }
    }

    /// Whether the same request may succeed when it is tried at once again.
    pub(crate) fn is_raced(&self) -> bool {
        matches!(self, Self::Raced { .. })
    }
}

impl From<NetworkError> for Fault {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::NotFound { kind, .. } => Fault::missing(error.to_string()).with_code(kind.not_found_code()),
            NetworkError::Missing { code, message } => Fault::missing(message).with_code(code),
            NetworkError::Invalid { code, message } => Fault::bad_request(message).with_code(code),
            NetworkError::Conflict { code, message } => Fault::conflict(message).with_code(code),
            NetworkError::Denied(denied) => denied.into(),
            NetworkError::Auth(auth) => auth.into(),
            NetworkError::Quota(QuotaError::Db(error)) | NetworkError::Db(error) => error.into(),
            NetworkError::Quota(error @ QuotaError::Exceeded { .. }) => over_quota(&error),
            NetworkError::Ovn(error) => {
                Fault::unavailable("OVN is not available now; please try again.").caused_by(error)
            }
            NetworkError::NotUp { .. } => Fault::unavailable(error.to_string()),
            NetworkError::Raced { .. } => {
                Fault::conflict(error.to_string()).with_code("RevisionNumberConstraintFailed")
            }
        }
    }
}

fn ids(ports: &[PortId]) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn over_quota(error: &QuotaError) -> Fault {
    let QuotaError::Exceeded { resource, limit, used, .. } = error else { return Fault::over_quota(error.to_string()) };
    let name = crate::app::quota::api_name(resource);
    Fault::over_quota(format!("Quota exceeded for resources: ['{name}'] (limit {limit}, used {used})."))
        .with_code("OverQuota")
}

impl From<NetworkError> for ContractError {
    fn from(error: NetworkError) -> Self {
        let kind = match &error {
            NetworkError::NotFound { .. } | NetworkError::Missing { .. } => ErrorKind::NotFound,
            NetworkError::Invalid { .. } => ErrorKind::Invalid,
            NetworkError::Conflict { code: "IpAddressGenerationFailure", .. } => ErrorKind::Exhausted,
            NetworkError::Conflict { .. } | NetworkError::Raced { .. } => ErrorKind::Conflict,
            NetworkError::Denied(_) | NetworkError::Auth(_) => ErrorKind::Forbidden,
            NetworkError::Quota(QuotaError::Exceeded { .. }) => ErrorKind::Exhausted,
            NetworkError::Ovn(_) | NetworkError::NotUp { .. } => ErrorKind::Unavailable,
            NetworkError::Quota(QuotaError::Db(_)) | NetworkError::Db(_) => {
                return match error {
                    NetworkError::Quota(QuotaError::Db(error)) | NetworkError::Db(error) => error.into(),
                    other => ContractError::new(ErrorKind::Internal, other.to_string()),
                };
            }
        };
        let message = error.to_string();
        Self { kind, message, cause: Some(Box::new(error)) }
    }
}
