//! From the text of a rule to its checks.

use crate::check::{Check, Pattern};
use crate::creds::Attribute;
use crate::error::nearest;
use crate::lexer::{self, Kind, Word};
use crate::template::Template;

/// Parentheses and `not` deeper than this are refused, so that no rule can exhaust the stack.
const MAX_DEPTH: usize = 64;

/// What is wrong in a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes from the rule's start.
    pub(crate) offset: usize,
    pub(crate) detail: String,
}

/// Finds the index of a rule by its name.
pub(crate) trait Names {
    fn index(&self, name: &str) -> Option<usize>;
    fn nearest(&self, name: &str) -> Option<String>;
}

/// Parses `rule`; the rules that it refers to must be known to `names`.
pub(crate) fn parse(rule: &str, names: &dyn Names) -> Result<Check, Fault> {
    let words = lexer::words(rule);
    if words.is_empty() {
        return Ok(Check::Always);
    }
    let mut parser = Parser { words: &words, at: 0, depth: 0, end: rule.len(), names };
    let check = parser.any_of()?;
    match parser.peek() {
        None => Ok(check),
        Some(word) if word.kind == Kind::Close => parser.fault("`)` closes nothing"),
        Some(_) => parser.fault("expected `and` or `or` between two checks"),
    }
}

struct Parser<'a> {
    words: &'a [Word<'a>],
    at: usize,
    depth: usize,
    end: usize,
    names: &'a dyn Names,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Word<'a>> {
        self.words.get(self.at).copied()
    }

    fn take(&mut self, kind: Kind<'_>) -> bool {
        let found = self.peek().is_some_and(|word| word.kind == kind);
        self.at += usize::from(found);
        found
    }

    fn fault<T>(&self, detail: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { offset: self.peek().map_or(self.end, |word| word.offset), detail: detail.into() })
    }

    fn any_of(&mut self) -> Result<Check, Fault> {
        let mut checks = vec![self.all_of()?];
        while self.take(Kind::Or) {
            checks.push(self.all_of()?);
        }
        Ok(one_or(checks, Check::Any))
    }

    fn all_of(&mut self) -> Result<Check, Fault> {
        let mut checks = vec![self.single()?];
        while self.take(Kind::And) {
            checks.push(self.single()?);
        }
        Ok(one_or(checks, Check::All))
    }

    fn single(&mut self) -> Result<Check, Fault> {
        if self.depth == MAX_DEPTH {
            return self.fault(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let check = match self.peek().map(|word| word.kind) {
            Some(Kind::Not) => {
                self.at += 1;
                Check::Not(Box::new(self.single()?))
            }
            Some(Kind::Open) => {
                let opened = self.at;
                self.at += 1;
                let check = self.any_of()?;
                if !self.take(Kind::Close) {
                    if self.peek().is_some() {
                        return self.fault("expected `and`, `or` or `)` between two checks");
                    }
                    self.at = opened;
                    return self.fault("`(` is never closed");
                }
                check
            }
            Some(Kind::Check(text)) => {
                let offset = self.words[self.at].offset;
                self.at += 1;
                self.check(text).map_err(|fault| Fault { offset: offset + fault.offset, ..fault })?
            }
            Some(Kind::And | Kind::Or) => return self.fault("expected a check before this word"),
            Some(Kind::Close) => return self.fault("expected a check before `)`"),
            None => return self.fault("the rule ends where a check is expected"),
        };
        self.depth -= 1;
        Ok(check)
    }

    /// One check; offsets in faults count from its own start.
    fn check(&self, text: &str) -> Result<Check, Fault> {
        let fault = |offset, detail: String| Err(Fault { offset, detail });
        match text {
            "@" => return Ok(Check::Always),
            "!" => return Ok(Check::Never),
            _ => {}
        }
        let quoted = |text: &str| ['\'', '"'].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote));
        let Some((kind, matched)) = text.split_once(':') else {
            let detail =
                if quoted(text) { "a quoted text alone is no check" } else { "a check is written `kind:match`" };
            return fault(0, format!("{detail}, not `{text}`"));
        };
        let start = kind.len() + 1;
        let template =
            || Template::parse(matched).map_err(|(at, detail)| Fault { offset: start + at, detail: detail.to_owned() });
        match kind {
            "rule" => match self.names.index(matched) {
                Some(index) => Ok(Check::Rule { index, name: matched.into() }),
                None => fault(start, unknown("rule", matched, self.names.nearest(matched))),
            },
            "role" if matched.is_empty() => fault(start, "`role:` names no role".to_owned()),
            "role" => Ok(Check::Role(template()?)),
            "field" => field(matched).map_err(|detail| Fault { offset: start, detail }),
            "http" | "https" => fault(0, format!("`{kind}:` checks, which ask a remote server, are not supported")),
            "" => fault(0, "nothing before `:`".to_owned()),
            _ => match (literal(kind), Attribute::named(kind)) {
                (Some(literal), _) => {
                    Ok(Check::Literal { literal: literal.into(), quoted: quoted(kind), template: template()? })
                }
                (None, Some(attribute)) => Ok(Check::Caller { attribute, template: template()? }),
                (None, None) => {
                    let near = nearest(kind, Attribute::names().chain(["rule", "role", "field"]));
                    fault(0, unknown("kind of check", kind, near))
                }
            },
        }
    }
}

fn one_or(mut checks: Vec<Check>, combine: fn(Box<[Check]>) -> Check) -> Check {
    match checks.pop() {
        Some(check) if checks.is_empty() => check,
        Some(check) => {
            checks.push(check);
            combine(checks.into())
        }
        None => Check::Never,
    }
}

fn unknown(what: &str, name: &str, near: Option<String>) -> String {
    match near {
        Some(near) => format!("unknown {what} `{name}`; did you mean `{near}`?"),
        None => format!("unknown {what} `{name}`"),
    }
}

/// The text of a constant as the language writes it: quoted, a number, `True`, `False` or `None`.
fn literal(kind: &str) -> Option<&str> {
    for quote in ['\'', '"'] {
        if let Some(inner) = kind.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Some(inner);
        }
    }
    let number = kind.strip_prefix('-').unwrap_or(kind);
    let numeric = number.starts_with(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok();
    (numeric || matches!(kind, "True" | "False" | "None")).then_some(kind)
}

/// `resource:key=value` or `resource:key=~^prefix`; the key itself may hold a colon (`router:external`).
fn field(matched: &str) -> Result<Check, String> {
    let form = || format!("`field:` is written `field:resource:key=value`, not `field:{matched}`");
    let (place, value) = matched.split_once('=').ok_or_else(form)?;
    let (resource, key) = place.split_once(':').ok_or_else(form)?;
    if resource.is_empty() || key.is_empty() {
        return Err(form());
    }
    let pattern = match value.strip_prefix('~') {
        None => Pattern::Equals(value.into()),
        Some(expression) => match expression.strip_prefix('^') {
            Some(prefix) if !prefix.contains(['.', '*', '+', '?', '[', '(', '{', '|', '\\', '$']) => {
                Pattern::BeginsWith(prefix.into())
            }
            _ => return Err(format!("only patterns of the form `^text` are supported, not `{expression}`")),
        },
    };
    Ok(Check::Field { resource: resource.into(), key: key.into(), pattern })
}
