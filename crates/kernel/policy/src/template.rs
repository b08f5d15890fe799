//! The right side of a check: text with `%(key)s` in it.

use std::fmt;

use crate::Target;

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Key(Box<str>),
}

/// Text in which attributes of the target are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Box<[Piece]>,
}

impl Template {
    /// Parses `text`; an error gives the offset in bytes and what is wrong there.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            plain.push_str(&rest[..at]);
            let offset = text.len() - rest.len() + at;
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix('%') {
                plain.push('%');
                rest = after;
            } else if let Some(after) = after.strip_prefix('(') {
                let end = after.find(')').ok_or((offset, "`%(` without the closing `)s`"))?;
                let key = &after[..end];
                if key.is_empty() {
                    return Err((offset, "`%()s` names no attribute"));
                }
                rest = after[end + 1..].strip_prefix('s').ok_or((offset, "`%(name)` must be followed by `s`"))?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
                }
                pieces.push(Piece::Key(key.into()));
            } else {
                return Err((offset, "`%` must be `%(name)s`, or `%%` for the sign itself"));
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain.into()));
        }
        Ok(Self { pieces: pieces.into() })
    }

    /// The text, when nothing of the target is asked for.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The key, when the template is one attribute and nothing else.
    pub(crate) fn key(&self) -> Option<&str> {
        match &*self.pieces {
            [Piece::Key(key)] => Some(key),
            _ => None,
        }
    }

    /// Whether `value` is the template's text for this target. False when the target lacks an attribute.
    pub(crate) fn equals(&self, value: &str, target: &dyn Target) -> bool {
        let mut rest = value;
        for piece in &self.pieces {
            let text = match piece {
                Piece::Text(text) => text,
                Piece::Key(key) => match target.get(key) {
                    Some(text) => text,
                    None => return false,
                },
            };
            match rest.strip_prefix(text) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// The filled-in text; `None` when the target lacks an attribute.
    pub(crate) fn fill(&self, target: &dyn Target) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(&**text),
                Piece::Key(key) => target.get(key),
            })
            .collect()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&text.replace('%', "%%")),
            Piece::Key(key) => write!(f, "%({key})s"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_attributes_of_the_target() {
        let template = Template::parse("p-%(a.b)s-%%-%(c)s").unwrap();
        let target = [("a.b", "1"), ("c", "2")];
        assert_eq!(template.fill(&target).as_deref(), Some("p-1-%-2"));
        assert!(template.equals("p-1-%-2", &target));
        assert!(!template.equals("p-1-%-22", &target));
        assert!(!template.equals("p-1-%-", &target));
        assert!(!template.equals("p-1-%-2", &[("c", "2")]));
        assert_eq!(template.to_string(), "p-%(a.b)s-%%-%(c)s");
    }

    #[test]
    fn tells_where_it_is_wrong() {
        for (text, offset) in [("a%", 1), ("%(x", 0), ("ab%(x)d", 2), ("%()s", 0), ("%x", 0)] {
            assert_eq!(Template::parse(text).unwrap_err().0, offset, "{text}");
        }
    }
}
