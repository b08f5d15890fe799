//! The table of all rules in force.

use std::collections::HashMap;
use std::sync::Arc;

use crate::check::{Check, Question};
use crate::error::{PolicyError, nearest};
use crate::parser::{self, Names};
use crate::{Action, Creds, Denied, Scope, Target};

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The service's default.
    Default,
    /// The operator's policy.yaml.
    Operator {
        /// The line there, from 1.
        line: u64,
    },
}

/// A rule in force.
#[derive(Debug)]
pub struct Rule {
    /// The action's or base rule's name.
    pub name: Box<str>,
    /// The rule as written.
    pub text: Box<str>,
    /// The scopes that the action takes; empty means any.
    pub scope_types: &'static [Scope],
    /// What the action does.
    pub doc: &'static str,
    /// Who wrote the rule.
    pub source: Source,
    pub(crate) check: Check,
}

/// A rule before its references are resolved.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) name: Box<str>,
    pub(crate) text: Box<str>,
    pub(crate) scope_types: &'static [Scope],
    pub(crate) doc: &'static str,
    pub(crate) source: Source,
}

/// All rules of the cloud, parsed and resolved. Immutable; share it in an `Arc`.
#[derive(Debug)]
pub struct Policy {
    rules: Vec<Arc<Rule>>,
    by_name: HashMap<Box<str>, usize>,
}

impl Names for HashMap<Box<str>, usize> {
    fn index(&self, name: &str) -> Option<usize> {
        self.get(name).copied()
    }

    fn nearest(&self, name: &str) -> Option<String> {
        nearest(name, self.keys().map(|known| &**known))
    }
}

impl Policy {
    /// The defaults of all services.
    ///
    /// # Errors
    /// A rule that is malformed, refers to what does not exist or to itself; a name declared with two different rules.
    pub fn new(actions: impl IntoIterator<Item = &'static [Action]>) -> Result<Self, PolicyError> {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut seen: HashMap<&'static str, &'static Action> = HashMap::new();
        for action in actions.into_iter().flatten() {
            match seen.insert(action.name, action) {
                None => drafts.push(Draft {
                    name: action.name.into(),
                    text: action.rule.into(),
                    scope_types: action.scope_types,
                    doc: action.doc,
                    source: Source::Default,
                }),
                Some(first) if first.rule == action.rule && first.scope_types == action.scope_types => {}
                Some(first) => {
                    return Err(PolicyError::Conflict {
                        name: action.name.to_owned(),
                        first: first.rule.to_owned(),
                        second: action.rule.to_owned(),
                    });
                }
            }
        }
        Self::compile(drafts)
    }

    pub(crate) fn compile(drafts: Vec<Draft>) -> Result<Self, PolicyError> {
        let by_name: HashMap<_, _> =
            drafts.iter().enumerate().map(|(index, draft)| (draft.name.clone(), index)).collect();
        let rules = drafts
            .into_iter()
            .map(|draft| match parser::parse(&draft.text, &by_name) {
                Ok(check) => Ok(Arc::new(Rule {
                    name: draft.name,
                    text: draft.text,
                    scope_types: draft.scope_types,
                    doc: draft.doc,
                    source: draft.source,
                    check,
                })),
                Err(fault) => Err(PolicyError::Rule {
                    rule: draft.name.into(),
                    line: match draft.source {
                        Source::Default => None,
                        Source::Operator { line } => Some(line),
                    },
                    column: draft.text.get(..fault.offset).map_or(1, |before| before.chars().count() + 1),
                    detail: fault.detail,
                    text: draft.text.into(),
                }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        refuse_circles(&rules)?;
        Ok(Self { rules, by_name })
    }

    pub(crate) fn drafts(&self) -> Vec<Draft> {
        self.rules
            .iter()
            .map(|rule| Draft {
                name: rule.name.clone(),
                text: rule.text.clone(),
                scope_types: rule.scope_types,
                doc: rule.doc,
                source: rule.source,
            })
            .collect()
    }

    /// May this caller do `action` to `target`? First the token's scope is asked for, then the rule.
    ///
    /// # Errors
    /// [`Denied`], which says what decided. An unknown action is denied.
    pub fn check(&self, action: &str, creds: &Creds<'_>, target: &dyn Target) -> Result<(), Denied> {
        let Some(rule) = self.get(action) else {
            return Err(Denied::UnknownAction { action: action.to_owned() });
        };
        let held = creds.scope();
        if !rule.takes(held) {
            return Err(Denied::Scope { rule: Arc::clone(rule), held });
        }
        if self.question(creds, target).holds(&rule.check) {
            Ok(())
        } else {
            Err(Denied::Rule { rule: Arc::clone(rule) })
        }
    }

    /// Whether there is an action or base rule of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// All names, services in the order given, each with its actions in the order declared.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.name)
    }

    /// All rules in force, in the order of [`Policy::names`].
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|rule| &**rule)
    }

    /// The rule of that name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.get(name).map(|rule| &**rule)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Rule>> {
        self.by_name.get(name).and_then(|index| self.rules.get(*index))
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn question<'a>(&'a self, creds: &'a Creds<'a>, target: &'a dyn Target) -> Question<'a> {
        Question { rules: &self.rules, creds, target }
    }
}

impl Rule {
    /// Whether the action takes tokens of this scope.
    pub fn takes(&self, scope: Scope) -> bool {
        self.scope_types.is_empty() || self.scope_types.contains(&scope)
    }

    /// The indexes of the rules that this one refers to.
    pub(crate) fn references(&self) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open = vec![&self.check];
        while let Some(check) = open.pop() {
            match check {
                Check::Rule { index, .. } => found.push(*index),
                Check::Not(inner) => open.push(inner),
                Check::All(checks) | Check::Any(checks) => open.extend(checks),
                _ => {}
            }
        }
        found
    }
}

fn refuse_circles(rules: &[Arc<Rule>]) -> Result<(), PolicyError> {
    let edges: Vec<Vec<usize>> = rules.iter().map(|rule| rule.references()).collect();
    let mut finished = vec![false; rules.len()];
    for start in 0..rules.len() {
        // The path from `start`, each rule with the number of its references already followed.
        let mut path = if finished[start] { Vec::new() } else { vec![(start, 0)] };
        while let Some((rule, followed)) = path.last_mut() {
            let Some(next) = edges[*rule].get(*followed).copied() else {
                finished[*rule] = true;
                path.pop();
                continue;
            };
            *followed += 1;
            if let Some(begin) = path.iter().position(|(rule, _)| *rule == next) {
                let circle = path[begin..].iter().map(|(rule, _)| *rule).chain([next]);
                let names: Vec<_> = circle.map(|rule| &*rules[rule].name).collect();
                return Err(PolicyError::Circle { path: names.join(" -> ") });
            }
            if !finished[next] {
                path.push((next, 0));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
