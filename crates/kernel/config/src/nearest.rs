//! What somebody may have meant.

use crate::table::TABLE;

/// From here on two names are alike; below, a suggestion would only confuse.
const ALIKE: f64 = 0.82;

/// The names of settings near to `key`, the nearest first, at most three. A right name in the wrong section counts as
/// near, as does a name without its section.
pub(crate) fn settings(key: &str) -> Vec<&'static str> {
    let name = key.rsplit('.').next().unwrap_or(key);
    let mut near: Vec<_> = TABLE
        .iter()
        .map(|row| {
            let whole = strsim::jaro_winkler(key, row.key);
            let alone = strsim::jaro_winkler(name, row.name()) - 0.02;
            let words: Vec<_> = row.name().split('_').collect();
            let within = name.len() >= 3 && name.split('_').all(|word| words.contains(&word));
            (whole.max(alone).max(if within { ALIKE } else { 0.0 }), row.key)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().map(|(_, key)| key).take(3).collect()
}

/// The section near to `name`.
pub(crate) fn section(name: &str) -> Option<&'static str> {
    one(name, TABLE.iter().map(|row| row.section()))
}

/// The choice near to `value`.
pub(crate) fn one(value: &str, choices: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // One slip of the finger, two letters exchanged among them, is near however short the word.
    let likeness = |choice: &str| match strsim::damerau_levenshtein(value, choice) {
        0 | 1 => 0.95,
        _ => strsim::jaro_winkler(value, choice),
    };
    let scored = choices.map(|choice| (likeness(choice), choice));
    scored.filter(|(likeness, _)| *likeness >= 0.75).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, choice)| choice)
}
