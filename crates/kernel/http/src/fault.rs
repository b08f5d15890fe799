//! What an API answers when it does not do what was asked.

use std::error::Error;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ferrostack_auth::{AuthError, Denied};
use ferrostack_base::chain;
use ferrostack_db::DbError;

/// The closed list of refusals; each API has its own words and, for some, its own status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// 400: the request is malformed or names something that does not fit.
    BadRequest,
    /// 401: no token, or one that is not valid.
    Unauthorized,
    /// 403: the policy says no.
    Forbidden,
    /// 404: no such thing, or none that the caller may know of.
    NotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 406: no such microversion, or no such media type.
    NotAcceptable,
    /// 409: the state of the thing, or of another one, is in the way.
    Conflict,
    /// 410: it was there once.
    Gone,
    /// 413: the body is too large.
    TooLarge,
    /// 415: the body is of the wrong media type.
    UnsupportedMediaType,
    /// 416: the range lies outside of the data.
    RangeNotSatisfiable,
    /// A quota does not allow it: compute 403, image 413, network 409.
    OverQuota,
    /// 500: our fault. The cause goes to the log, not to the client.
    Internal,
    /// 503: the database, an engine or a queue is not available now.
    Unavailable,
}

/// A refusal. Its message is for the caller and names field and value; the cause is for the log.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind of refusal.
    pub kind: FaultKind,
    /// For the caller, in English as in all OpenStack APIs.
    pub message: String,
    /// The dialect's own name for it: network's `type` (`NetworkNotFound`), placement's `code`.
    pub code: Option<&'static str>,
    /// What lies behind it; logged for 500 and 503, never sent.
    #[source]
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

/// Part of the answer until the service's edge renders it.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub kind: FaultKind,
    pub message: String,
    pub code: Option<&'static str>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident $kind:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(message: impl Into<String>) -> Self {
            Self { kind: FaultKind::$kind, message: message.into(), code: None, cause: None }
        }
    )*};
}

impl Fault {
    constructors! {
        /// 400.
        bad_request BadRequest;
        /// 401.
        unauthorized Unauthorized;
        /// 403.
        forbidden Forbidden;
        /// 404.
        missing NotFound;
        /// 406.
        not_acceptable NotAcceptable;
        /// 409.
        conflict Conflict;
        /// 413.
        too_large TooLarge;
        /// 415.
        unsupported_media_type UnsupportedMediaType;
        /// The quota's answer.
        over_quota OverQuota;
        /// 503.
        unavailable Unavailable;
    }

    /// 404: `Server 1234 could not be found.`
    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::missing(format!("{what} {id} could not be found."))
    }

    /// Another kind without a constructor of its own.
    pub fn of(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, cause: None }
    }

    /// 500; the cause goes to the log with the request's id.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message =
            "The server met an unexpected condition; its log has the details under this request's id.".to_owned();
        Self { kind: FaultKind::Internal, message, code: None, cause: Some(cause.into()) }
    }

    /// Adds the dialect's own name.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds what lies behind it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Unavailable(_) | DbError::Transient(_) => {
                Self::unavailable("The database is not available now; please try again.").caused_by(error)
            }
            DbError::NoSpace(_) => Self::unavailable("No space is left for the database.").caused_by(error),
            _ => Self::internal(error),
        }
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        Self::forbidden(format!("The policy does not allow {} here.", denied.action())).caused_by(denied)
    }
}

impl From<AuthError> for Fault {
    fn from(error: AuthError) -> Self {
        match &error {
            AuthError::Unauthenticated | AuthError::InvalidToken { .. } => {
                Self::unauthorized("This request needs a valid token in X-Auth-Token.").caused_by(error)
            }
            AuthError::NoProject => Self::bad_request("The token is not scoped to a project.").caused_by(error),
            AuthError::Busy { .. } => {
                Self::unavailable("Too many passwords are being checked; please try again.").caused_by(error)
            }
            _ => Self::internal(error),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if matches!(self.kind, FaultKind::Internal | FaultKind::Unavailable) {
            let cause = self.cause.as_deref().map(|cause| chain(cause).to_string()).unwrap_or_default();
            tracing::error!(kind = ?self.kind, cause, "{}", self.message);
        } else if let Some(cause) = &self.cause {
            tracing::debug!(kind = ?self.kind, cause = %chain(&**cause), "{}", self.message);
        }
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Refusal { kind: self.kind, message: self.message, code: self.code });
        response
    }
}
