//! Permissions to open a console.

use ferrostack_agent_api::ConsoleKind;
use ferrostack_base::Timestamp;

use super::ServerId;

/// Whoever shows the token may open this console of the server, as long as that is on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsoleToken {
    /// SHA-256 of the token, in hex; the token itself is nowhere kept.
    pub hash: String,
    pub server: ServerId,
    pub host: String,
    pub kind: ConsoleKind,
    pub expires: Timestamp,
}
