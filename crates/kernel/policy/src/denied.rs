//! Why something is not allowed.

use std::sync::Arc;

use crate::Scope;
use crate::policy::Rule;

/// The policy said no; it tells which rule decided. Cheap to make, for lists ask it about every row.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Denied {
    /// Nobody declared such an action. A mistake in a service, which its route tests find.
    #[error("policy knows no action {action}")]
    UnknownAction {
        /// The name that was asked for.
        action: String,
    },
    /// The token's scope is none of those that the action accepts.
    #[error("policy does not allow {} with a token of {held} scope, it takes {}", rule.name, scopes(rule))]
    Scope {
        /// The action's rule.
        rule: Arc<Rule>,
        /// The token's scope.
        held: Scope,
    },
    /// The rule does not hold for this caller and target.
    #[error("policy does not allow {}: {}", rule.name, rule.text)]
    Rule {
        /// The action's rule.
        rule: Arc<Rule>,
    },
}

impl Denied {
    /// The action that was asked for.
    pub fn action(&self) -> &str {
        match self {
            Self::UnknownAction { action } => action,
            Self::Scope { rule, .. } | Self::Rule { rule } => &rule.name,
        }
    }

    /// The rule that decided; none when the action is unknown.
    pub fn rule(&self) -> Option<&Rule> {
        match self {
            Self::UnknownAction { .. } => None,
            Self::Scope { rule, .. } | Self::Rule { rule } => Some(rule),
        }
    }
}

fn scopes(rule: &Rule) -> String {
    let names: Vec<_> = rule.scope_types.iter().map(Scope::to_string).collect();
    names.join(", ")
}

const _: () = assert!(size_of::<Denied>() <= 32, "travels in the Err of every check");
