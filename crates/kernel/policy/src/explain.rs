//! A decision with all its reasons, for people.

use std::fmt;

use crate::check::{Check, Question};
use crate::{Creds, Policy, Target};

/// One check and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How deep it stands below the action's rule, which is 0.
    pub depth: usize,
    /// The check in the policy language.
    pub check: String,
    /// Whether it holds.
    pub holds: bool,
}

/// How the policy came to its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the action is allowed.
    pub allowed: bool,
    /// Whether the action takes the token's scope.
    pub scope_fits: bool,
    /// Every check of the rule and of those that it refers to, each before its parts.
    pub outcomes: Vec<Outcome>,
}

impl Policy {
    /// Decides like [`Policy::check`], but looks at every check and keeps what it came to. `None` for an unknown action.
    pub fn explain(&self, action: &str, creds: &Creds<'_>, target: &dyn Target) -> Option<Explanation> {
        let rule = self.get(action)?;
        let scope_fits = rule.takes(creds.scope());
        let question = self.question(creds, target);
        let mut outcomes = Vec::new();
        let holds = note(question, &rule.check, 0, &mut outcomes);
        Some(Explanation { allowed: scope_fits && holds, scope_fits, outcomes })
    }
}

fn note(question: Question<'_>, check: &Check, depth: usize, outcomes: &mut Vec<Outcome>) -> bool {
    let holds = question.holds(check);
    outcomes.push(Outcome { depth, check: check.to_string(), holds });
    match check {
        Check::Not(inner) => {
            note(question, inner, depth + 1, outcomes);
        }
        Check::All(checks) | Check::Any(checks) => checks.iter().for_each(|check| {
            note(question, check, depth + 1, outcomes);
        }),
        Check::Rule { index, .. } => {
            if let Some(rule) = question.rules.get(*index) {
                note(question, &rule.check, depth + 1, outcomes);
            }
        }
        _ => {}
    }
    holds
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scope_fits {
            writeln!(f, "no   the token's scope")?;
        }
        self.outcomes.iter().try_for_each(|outcome| {
            let verdict = if outcome.holds { "yes" } else { "no" };
            writeln!(f, "{verdict:<4} {:indent$}{}", "", outcome.check, indent = outcome.depth * 2)
        })
    }
}
