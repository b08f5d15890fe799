//! Compute nodes.

use std::time::Duration;

use ferrostack_agent_api::NodeFacts;
use ferrostack_base::Timestamp;
use uuid::Uuid;

/// A compute node: what its agent says of it, and what the operator wants of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComputeNode {
    /// The resource provider's id too.
    pub id: Uuid,
    /// The integer that the API shows for hypervisor and service.
    pub number: i64,
    pub name: String,
    pub facts: NodeFacts,
    /// The operator wants no new servers on it.
    pub disabled: bool,
    pub disabled_reason: Option<String>,
    pub zone: String,
    pub last_seen: Timestamp,
    pub registered: Timestamp,
}

impl ComputeNode {
    /// Whether it reported lately. Silent is not gone (R9): its servers stay as they were seen last.
    pub(crate) fn is_up(&self, now: Timestamp, down_after: Duration) -> bool {
        now.since(self.last_seen) <= down_after
    }
}
