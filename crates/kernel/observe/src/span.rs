//! The spans whose fields every log line carries.

use tracing::{Span, field::Empty, info_span};

/// A request of a client. `project` and `resource` are recorded when they are known:
/// `Span::current().record("project", ...)`.
pub fn request_span(request_id: &str, method: &str, path: &str) -> Span {
    info_span!("request", request_id, method, path, project = Empty, resource = Empty)
}

/// A step of a durable operation, which goes on after its request was answered and keeps that one's id.
pub fn operation_span(request_id: &str, operation: &str, project: &str, resource: &str) -> Span {
    info_span!("operation", request_id, operation, project, resource)
}
