//! What can be wrong with a policy.

/// A policy that cannot be used. Columns count characters from 1 within the rule's text, lines from 1 in the file.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A rule is not written in the policy language, or names what does not exist.
    #[error("policy rule {rule}{}, column {column}: {detail} (the rule is `{text}`)", at_line(*line))]
    Rule {
        /// The rule's name.
        rule: String,
        /// The line of policy.yaml; none for a default rule.
        line: Option<u64>,
        /// Where in the rule.
        column: usize,
        /// What is wrong there.
        detail: String,
        /// The whole rule.
        text: String,
    },
    /// Rules refer to each other in a circle.
    #[error("policy rules refer to each other in a circle: {path}")]
    Circle {
        /// The names along the circle, the first one again at the end.
        path: String,
    },
    /// Two services declare the same name with different rules.
    #[error("policy rule {name} is declared twice: as `{first}` and as `{second}`")]
    Conflict {
        /// The name.
        name: String,
        /// The rule first declared.
        first: String,
        /// The other.
        second: String,
    },
    /// policy.yaml sets something that is no action, and that no rule refers to.
    #[error("policy.yaml line {line}: there is no action {name}{}, and no rule refers to it", or_rather(near))]
    UnknownName {
        /// The name.
        name: String,
        /// The line.
        line: u64,
        /// The nearest action there is.
        near: Option<String>,
    },
    /// policy.yaml gives a name without a rule.
    #[error("policy.yaml line {line}: {name} has no rule; write \"\" to allow everybody, \"!\" to allow nobody")]
    NoRule {
        /// The name.
        name: String,
        /// The line.
        line: u64,
    },
    /// policy.yaml is not a YAML mapping of names to rules.
    #[error("policy.yaml must be a mapping of action names to rules")]
    Yaml {
        /// What the YAML reader found.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
}

fn at_line(line: Option<u64>) -> String {
    line.map(|line| format!(" (policy.yaml line {line})")).unwrap_or_default()
}

fn or_rather(near: &Option<String>) -> String {
    near.as_ref().map(|near| format!(" (the nearest is {near})")).unwrap_or_default()
}

/// The candidate most like `name`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}
