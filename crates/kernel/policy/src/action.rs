//! What services declare: actions with their default rules.

use std::fmt;

/// What a token is good for. Actions name the scopes they accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole cloud.
    System,
    /// One domain.
    Domain,
    /// One project. A token without any scope counts as this too, as it does in oslo.policy.
    Project,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::Domain => "domain",
            Self::Project => "project",
        })
    }
}

/// One line of the policy: an API action, or a base rule that other rules refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// The name under which handlers ask and operators override, such as `os_compute_api:servers:create`.
    pub name: &'static str,
    /// The default rule; empty means that everybody may.
    pub rule: &'static str,
    /// The accepted scopes; empty means any. Base rules leave it empty.
    pub scope_types: &'static [Scope],
    /// What the action does, in one sentence, for people who edit the policy.
    pub doc: &'static str,
}
