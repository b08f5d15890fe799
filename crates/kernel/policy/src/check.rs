//! The checks that a rule is made of, and how they are decided.

use std::fmt;
use std::sync::Arc;

use crate::creds::Attribute;
use crate::policy::Rule;
use crate::template::Template;
use crate::{Creds, Target};

/// A node of a parsed rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    Always,
    Never,
    Not(Box<Check>),
    All(Box<[Check]>),
    Any(Box<[Check]>),
    Rule { index: usize, name: Box<str> },
    Role(Template),
    Caller { attribute: Attribute, template: Template },
    Literal { literal: Box<str>, quoted: bool, template: Template },
    Field { resource: Box<str>, key: Box<str>, pattern: Pattern },
}

/// What `field:` compares an attribute of the target with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    Equals(Box<str>),
    BeginsWith(Box<str>),
}

/// One question to the policy.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) rules: &'a [Arc<Rule>],
    pub(crate) creds: &'a Creds<'a>,
    pub(crate) target: &'a dyn Target,
}

impl Question<'_> {
    /// Whether `check` holds. Rules form no circle, which compiling made sure of.
    pub(crate) fn holds(&self, check: &Check) -> bool {
        match check {
            Check::Always => true,
            Check::Never => false,
            Check::Not(inner) => !self.holds(inner),
            Check::All(checks) => checks.iter().all(|check| self.holds(check)),
            Check::Any(checks) => checks.iter().any(|check| self.holds(check)),
            Check::Rule { index, .. } => self.rules.get(*index).is_some_and(|rule| self.holds(&rule.check)),
            Check::Role(template) => self.has_role(template),
            Check::Caller { attribute, template } => self.caller_matches(*attribute, template),
            Check::Literal { literal, quoted, template } => {
                let null = !quoted && &**literal == "None";
                template.equals(literal, self.target)
                    || null && template.key().is_some_and(|key| self.target.is_null(key))
            }
            Check::Field { key, pattern, .. } => self.target.get(key).is_some_and(|value| match pattern {
                Pattern::Equals(text) => value == &**text,
                Pattern::BeginsWith(prefix) => value.starts_with(&**prefix),
            }),
        }
    }

    fn has_role(&self, template: &Template) -> bool {
        let filled;
        let wanted = match template.literal() {
            Some(name) => name,
            None => match template.fill(self.target) {
                Some(name) => {
                    filled = name;
                    &filled
                }
                None => return false,
            },
        };
        self.creds.roles.iter().any(|role| same_role(&role.name, wanted))
    }

    /// "No value" is the text `None` where the rule spells it out (`domain_id:None`), but equals no attribute.
    fn caller_matches(&self, attribute: Attribute, template: &Template) -> bool {
        attribute.any(self.creds, |value| match value {
            Some(value) => template.equals(value, self.target),
            None => template.literal() == Some("None"),
        })
    }
}

fn same_role(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { a.to_lowercase() == b.to_lowercase() }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, checks: &[Check], word: &str| {
            f.write_str("(")?;
            for (n, check) in checks.iter().enumerate() {
                if n > 0 {
                    write!(f, " {word} ")?;
                }
                check.fmt(f)?;
            }
            f.write_str(")")
        };
        match self {
            Self::Always => f.write_str("@"),
            Self::Never => f.write_str("!"),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::All(checks) => joined(f, checks, "and"),
            Self::Any(checks) => joined(f, checks, "or"),
            Self::Rule { name, .. } => write!(f, "rule:{name}"),
            Self::Role(template) => write!(f, "role:{template}"),
            Self::Caller { attribute, template } => write!(f, "{}:{template}", attribute.name()),
            Self::Literal { literal, quoted: false, template } => write!(f, "{literal}:{template}"),
            Self::Literal { literal, quoted: true, template } => write!(f, "'{literal}':{template}"),
            Self::Field { resource, key, pattern: Pattern::Equals(text) } => write!(f, "field:{resource}:{key}={text}"),
            Self::Field { resource, key, pattern: Pattern::BeginsWith(text) } => {
                write!(f, "field:{resource}:{key}=~^{text}")
            }
        }
    }
}
