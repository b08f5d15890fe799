//! Texts with placeholders.

use std::{collections::BTreeSet, fmt::Display};

use crate::particle;

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
    Particle(&'a str),
}

/// Splits a text at its braces; one that is never closed stays as text.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        parts.push(Part::Text(before));
        if let Some(after) = from.strip_prefix("{{") {
            parts.push(Part::Text("{"));
            rest = after;
            continue;
        }
        let Some(close) = from.find('}') else {
            parts.push(Part::Text(from));
            return parts;
        };
        let name = &from[1..close];
        parts.push(if name.contains('/') { Part::Particle(name) } else { Part::Placeholder(name) });
        rest = &from[close + 1..];
    }
    parts.push(Part::Text(rest));
    parts
}

pub(crate) fn fill(text: &str, arguments: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16 * arguments.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Particle(pair) => {
                let particle = particle::choose(pair, &filled);
                filled.push_str(&particle);
            }
            Part::Placeholder(name) => match arguments.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => filled.push_str(&value.to_string()),
                None => filled.push_str(&format!("{{{name}}}")),
            },
        }
    }
    filled
}

/// The names that a text wants filled.
pub fn placeholders(text: &str) -> BTreeSet<&str> {
    let names = parts(text).into_iter().filter_map(|part| match part {
        Part::Placeholder(name) => Some(name),
        Part::Text(_) | Part::Particle(_) => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_by_name() {
        let arguments: [(&str, &dyn Display); 2] = [("count", &3), ("node", &"서버")];
        assert_eq!(fill("{node}: {count} of {count}, {{x}", &arguments), "서버: 3 of 3, {x}");
        assert_eq!(fill("{node}{이/가} {count}{이/가}", &arguments), "서버가 3이");
        assert_eq!(fill("{missing} {open", &arguments), "{missing} {open");
        assert_eq!(placeholders("{a}{을/를} {b} {{c} {a}"), BTreeSet::from(["a", "b"]));
    }
}
