//! What goes over the wire beside the types of `agent-api`.

use std::net::SocketAddr;

use axum::http::StatusCode;
use ferrostack_agent_api::{AgentError, AgentErrorKind, ConsoleKind, NodeFacts, VERSION};
use serde::{Deserialize, Serialize};

/// Largest request, in bytes. The largest is a domain with its configuration drive: user data of 64 KiB and some files.
pub(crate) const LARGEST_REQUEST: usize = 8 << 20;
/// Largest answer that is not a stream, in bytes: the list of all domains, or a console's log.
pub(crate) const LARGEST_ANSWER: usize = 32 << 20;
/// How much of a stream is held on its way, in bytes.
pub(crate) const STREAM_BUFFER: usize = 64 << 10;

/// What an agent tells a controller from time to time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// What the node is and has; the name is that of the agent's certificate.
    pub facts: NodeFacts,
    /// Where controllers find the agent.
    pub address: SocketAddr,
    /// The agent's program version, such as `0.1.0`; empty when it doesn't say.
    #[serde(default)]
    pub version: String,
}

/// What the controller answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAnswer {
    /// Of the controller's types; 0 when it doesn't say.
    #[serde(default)]
    pub version: u32,
}

/// An [`AgentError`] as it may come from a newer peer: with a kind that is not known here.
#[derive(Deserialize)]
struct LenientError {
    kind: String,
    message: String,
}

/// The HTTP status of a refusal; for people, as clients read the body.
pub(crate) fn status(kind: AgentErrorKind) -> StatusCode {
    match kind {
        AgentErrorKind::Fenced => StatusCode::CONFLICT,
        AgentErrorKind::NotFound => StatusCode::NOT_FOUND,
        AgentErrorKind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        AgentErrorKind::Unreachable => StatusCode::BAD_GATEWAY,
    }
}

/// What a body that came with a failure status means. A kind or a body that is not known here is a refusal.
pub(crate) fn refusal(peer: &str, status: StatusCode, body: &[u8]) -> AgentError {
    if let Ok(error) = serde_json::from_slice::<AgentError>(body) {
        return error;
    }
    let message = match serde_json::from_slice::<LenientError>(body) {
        Ok(LenientError { kind, message }) => format!("{message} ({kind})"),
        Err(_) => format!("{peer} answered with status {status}"),
    };
    AgentError::new(AgentErrorKind::Refused, message)
}

/// What is said to a peer that asks for something that is not known here.
pub(crate) fn unknown_call(method: &str, path: &str) -> AgentError {
    let message = format!("{method} {path} is not known here: this end speaks version {VERSION}");
    AgentError::new(AgentErrorKind::Refused, message)
}

/// The console's name in paths.
pub(crate) fn console_name(kind: ConsoleKind) -> &'static str {
    match kind {
        ConsoleKind::Vnc => "vnc",
        ConsoleKind::Serial => "serial",
    }
}

/// The console of that name.
pub(crate) fn console_kind(name: &str) -> Option<ConsoleKind> {
    [ConsoleKind::Vnc, ConsoleKind::Serial].into_iter().find(|kind| console_name(*kind) == name)
}

/// What a JSON error may say without repeating values, which may be secret.
pub(crate) fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("invalid type") || text.starts_with("invalid value") {
        format!("a value of the wrong type at line {} column {}", error.line(), error.column())
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_peers_refusal_is_understood_as_far_as_possible() {
        let newer = br#"{"kind": "Busy", "message": "the node is busy", "retry_after": 3}"#;
        let error = refusal("node a", StatusCode::CONFLICT, newer);
        assert_eq!(error, AgentError::new(AgentErrorKind::Refused, "the node is busy (Busy)"));
        let known = br#"{"kind": "Fenced", "message": "overtaken", "hint": "x"}"#;
        assert_eq!(refusal("node a", StatusCode::CONFLICT, known).kind, AgentErrorKind::Fenced);
        // Something between the two that is no agent: what it calls not found is not a domain.
        let error = refusal("node a", StatusCode::NOT_FOUND, b"<html>");
        assert_eq!(error.kind, AgentErrorKind::Refused);
        assert_eq!(error.message, "node a answered with status 404 Not Found");
    }

    #[test]
    fn errors_about_json_keep_its_values_to_themselves() {
        let error = serde_json::from_str::<u8>(r#""hunter2""#).unwrap_err();
        assert!(error.to_string().contains("hunter2"), "{error}");
        assert!(!describe(&error).contains("hunter2"), "{}", describe(&error));
        let error = serde_json::from_str::<ReportAnswer>(r#"{"version": "#).unwrap_err();
        assert_eq!(describe(&error), error.to_string());
    }
}
