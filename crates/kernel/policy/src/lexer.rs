//! Cuts a rule into words.
//!
//! Words are separated by blanks. Parentheses stand at the beginning or the end of a word, and belong to the check in
//! its middle, where `%(name)s` has them.

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Open,
    Close,
    Not,
    And,
    Or,
    Check(&'a str),
}

/// A word of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) kind: Kind<'a>,
    /// Where it begins, in bytes from the rule's start.
    pub(crate) offset: usize,
}

/// All words of `rule`.
pub(crate) fn words(rule: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = rule;
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[start..];
        let chunk = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        let offset = rule.len() - rest.len();
        rest = &rest[chunk.len()..];
        split(chunk, offset, &mut words);
    }
    words
}

fn split<'a>(chunk: &'a str, offset: usize, words: &mut Vec<Word<'a>>) {
    let inner = chunk.trim_start_matches('(');
    let opened = chunk.len() - inner.len();
    let body = inner.trim_end_matches(')');
    let closed = inner.len() - body.len();
    words.extend((0..opened).map(|n| Word { kind: Kind::Open, offset: offset + n }));
    if !body.is_empty() {
        let kind = if body.eq_ignore_ascii_case("not") {
            Kind::Not
        } else if body.eq_ignore_ascii_case("and") {
            Kind::And
        } else if body.eq_ignore_ascii_case("or") {
            Kind::Or
        } else {
            Kind::Check(body)
        };
        words.push(Word { kind, offset: offset + opened });
    }
    let end = offset + opened + body.len();
    words.extend((0..closed).map(|n| Word { kind: Kind::Close, offset: end + n }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parentheses_inside_a_check_belong_to_it() {
        let kinds: Vec<_> = words("((role:a) AND  p:%(x)s)").into_iter().map(|word| (word.kind, word.offset)).collect();
        assert_eq!(
            kinds,
            [
                (Kind::Open, 0),
                (Kind::Open, 1),
                (Kind::Check("role:a"), 2),
                (Kind::Close, 8),
                (Kind::And, 10),
                (Kind::Check("p:%(x)s"), 15),
                (Kind::Close, 22),
            ]
        );
    }
}
