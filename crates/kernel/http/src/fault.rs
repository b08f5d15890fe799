//! What an API answers when it does not do what was asked.

use std::error::Error;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ferrostack_auth::{AuthError, Denied};
use ferrostack_base::chain;
use ferrostack_db::DbError;
use serde_json::json;

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
        Self::forbidden(format!("Policy does not allow {} to be performed.", denied.action())).caused_by(denied)
    }
}

impl From<AuthError> for Fault {
    fn from(error: AuthError) -> Self {
        match &error {
            AuthError::Unauthenticated | AuthError::InvalidToken { .. } => {
                Self::unauthorized("The request you have made requires authentication.").caused_by(error)
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

/// How an API words its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `{"error": {"code": 404, "message": ..., "title": "Not Found"}}`
    Identity,
    /// `{"code": 404, "title": "Not Found", "message": ...}`; clients look at the status only.
    Image,
    /// `{"errors": [{"status": 404, "title": ..., "detail": ..., "code": ..., "request_id": ...}]}`
    Placement,
    /// `{"itemNotFound": {"code": 404, "message": ...}}`
    Compute,
    /// `{"NeutronError": {"type": ..., "message": ..., "detail": ""}}`
    Network,
}

impl Dialect {
    /// The status code of this API for that kind.
    pub fn status(self, kind: FaultKind) -> StatusCode {
        match kind {
            FaultKind::BadRequest => StatusCode::BAD_REQUEST,
            FaultKind::Unauthorized => StatusCode::UNAUTHORIZED,
            FaultKind::Forbidden => StatusCode::FORBIDDEN,
            FaultKind::NotFound => StatusCode::NOT_FOUND,
            FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            FaultKind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            FaultKind::Conflict => StatusCode::CONFLICT,
            FaultKind::Gone => StatusCode::GONE,
            FaultKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            FaultKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            FaultKind::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            FaultKind::OverQuota => match self {
                Self::Compute | Self::Identity => StatusCode::FORBIDDEN,
                Self::Image => StatusCode::PAYLOAD_TOO_LARGE,
                Self::Network | Self::Placement => StatusCode::CONFLICT,
            },
            FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            FaultKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) fn render(self, refusal: &Refusal, request_id: &str) -> (StatusCode, serde_json::Value) {
        let status = self.status(refusal.kind);
        let (code, message) = (status.as_u16(), &refusal.message);
        let title = status.canonical_reason().unwrap_or("Error");
        let body = match self {
            Self::Identity => json!({"error": {"code": code, "message": message, "title": title}}),
            Self::Image => json!({"code": code, "title": title, "message": message}),
            Self::Placement => json!({"errors": [{
                "status": code,
                "title": title,
                "detail": message,
                "code": refusal.code.unwrap_or("placement.undefined_code"),
                "request_id": request_id,
            }]}),
            Self::Compute => json!({compute_name(status): {"code": code, "message": message}}),
            Self::Network => {
                let kind = refusal.code.unwrap_or_else(|| network_type(refusal.kind));
                json!({"NeutronError": {"type": kind, "message": message, "detail": ""}})
            }
        };
        (status, body)
    }
}

/// Compute's key around a fault, as its API guide lists them.
fn compute_name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 => "overLimit",
        415 => "badMediaType",
        501 => "notImplemented",
        503 => "serviceUnavailable",
        _ => "computeFault",
    }
}

/// Network's exception type where a service names none.
fn network_type(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::BadRequest => "HTTPBadRequest",
        FaultKind::Unauthorized => "HTTPUnauthorized",
        FaultKind::Forbidden => "PolicyNotAuthorized",
        FaultKind::NotFound => "HTTPNotFound",
        FaultKind::Conflict => "Conflict",
        FaultKind::OverQuota => "OverQuota",
        FaultKind::Unavailable => "ServiceUnavailable",
        _ => "HTTPInternalServerError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(dialect: Dialect, fault: Fault) -> (u16, String) {
        let refusal = Refusal { kind: fault.kind, message: fault.message, code: fault.code };
        let (status, body) = dialect.render(&refusal, "req-1");
        (status.as_u16(), body.to_string())
    }

    #[test]
    fn each_api_has_its_own_words() {
        let missing = || Fault::not_found("Thing", "7");
        let text = "Thing 7 could not be found.";
        assert_eq!(
            render(Dialect::Identity, missing()),
            (404, format!(r#"{{"error":{{"code":404,"message":"{text}","title":"Not Found"}}}}"#))
        );
        assert_eq!(
            render(Dialect::Compute, missing()),
            (404, format!(r#"{{"itemNotFound":{{"code":404,"message":"{text}"}}}}"#))
        );
        assert_eq!(
            render(Dialect::Network, missing().with_code("PortNotFound")),
            (404, format!(r#"{{"NeutronError":{{"type":"PortNotFound","message":"{text}","detail":""}}}}"#))
        );
        assert!(render(Dialect::Placement, missing()).1.contains(r#""request_id":"req-1""#));
    }

    #[test]
    fn a_quota_is_refused_with_the_code_that_clients_of_each_api_know() {
        let status = |dialect| render(dialect, Fault::over_quota("no")).0;
        assert_eq!(status(Dialect::Compute), 403);
        assert_eq!(status(Dialect::Network), 409);
        assert_eq!(status(Dialect::Image), 413);
    }

    #[test]
    fn causes_are_not_sent() {
        let fault = Fault::internal(std::io::Error::other("password=secret"));
        assert!(!render(Dialect::Compute, fault).1.contains("secret"));
    }
}
