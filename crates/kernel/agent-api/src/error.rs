//! What an agent answers when it doesn't do what was asked.

use serde::{Deserialize, Serialize};

/// Kinds of refusals of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentErrorKind {
    /// A higher fence was seen: the caller's operation was overtaken.
    Fenced,
    /// There is no such domain on this node.
    NotFound,
    /// The node can't do it: no room, engine down, image unusable.
    Refused,
    /// The node does not answer; whether it did anything is not known.
    Unreachable,
}

/// A refusal of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct AgentError {
    /// What kind.
    pub kind: AgentErrorKind,
    /// For operators.
    pub message: String,
}

impl AgentError {
    /// A refusal of that kind.
    pub fn new(kind: AgentErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
