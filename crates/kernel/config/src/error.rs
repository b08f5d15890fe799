//! What is wrong with settings, for people: file, line, the key and value, and the nearest right name.

use std::{fmt, io, path::PathBuf};

use ferrostack_words::{Language, Words};

/// Settings cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path:?}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The settings are wrong; everything that is, in the order of the file.
    #[error("{}", self.text(Words::new(Language::English)))]
    Wrong {
        /// At least one.
        problems: Vec<Problem>,
    },
    /// There is no setting of that name.
    #[error("there is no setting {key:?}{}", if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(", ")) })]
    UnknownKey {
        /// What was asked for.
        key: String,
        /// Names that are near, the nearest first.
        nearest: Vec<&'static str>,
    },
}

impl ConfigError {
    /// The whole message in a language; one line for each problem.
    pub fn text(&self, words: Words) -> String {
        match self {
            Self::Unreadable { path, .. } => words.get("cli.error.settings_unreadable", &[("path", &path.display())]),
            Self::Wrong { problems } => {
                problems.iter().map(|problem| problem.text(words)).collect::<Vec<_>>().join("\n")
            }
            Self::UnknownKey { key, nearest } => {
                let mut text = words.get("cli.error.unknown_setting", &[("key", key)]);
                if !nearest.is_empty() {
                    text.push(' ');
                    text += &words.get("cli.error.did_you_mean", &[("names", &nearest.join(", "))]);
                }
                text
            }
        }
    }
}

/// A point in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Where; `None` for an option of the command.
    pub place: Option<Place>,
    /// `section.name`, as it was written; empty for a text that is not TOML.
    pub key: String,
    /// The value as it was written, cut to 60 characters; secrets are hidden.
    pub value: String,
    /// What is wrong.
    pub kind: ProblemKind,
    /// The nearest right name of a setting, section or value.
    pub nearest: Option<String>,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum ProblemKind {
    /// The text is not TOML; with the parser's reason.
    Syntax(String),
    /// No setting has this name.
    UnknownSetting,
    /// No section has this name.
    UnknownSection,
    /// A section's name has a value.
    SectionIsValue,
    /// The value is of another type.
    WrongType(crate::Kind),
    /// The number is too small or too large.
    OutOfRange {
        /// Lowest that is taken.
        low: f64,
        /// Highest that is taken.
        high: f64,
    },
    /// The text is not of the form wanted; a key of `words`.
    NotValid(&'static str),
    /// It does not go with another setting.
    Conflict {
        /// The rule, a key of `words`.
        rule: &'static str,
        /// The value of the other setting.
        other: String,
    },
}

impl Problem {
    /// The message in a language, beginning with the place.
    pub fn text(&self, words: Words) -> String {
        let mut text = self.what(words);
        if let Some(nearest) = &self.nearest {
            text += "; ";
            text += &words.get("config.problem.did_you_mean", &[("name", nearest)]);
        }
        match &self.place {
            Some(Place { file, line, column }) => {
                words.get("config.problem.at", &[("file", file), ("line", line), ("column", column), ("text", &text)])
            }
            None => text,
        }
    }

    fn what(&self, words: Words) -> String {
        let (key, value) = (&self.key, &self.value);
        match &self.kind {
            ProblemKind::Syntax(reason) => words.get("config.problem.syntax", &[("reason", reason)]),
            ProblemKind::UnknownSetting => words.get("config.problem.unknown_setting", &[("key", key)]),
            ProblemKind::UnknownSection => words.get("config.problem.unknown_section", &[("key", key)]),
            ProblemKind::SectionIsValue => words.get("config.problem.section_is_value", &[("key", key)]),
            ProblemKind::WrongType(crate::Kind::Choice(allowed)) => {
                let allowed = allowed.join(", ");
                words.get("config.problem.not_allowed", &[("key", key), ("value", value), ("allowed", &allowed)])
            }
            ProblemKind::WrongType(kind) => {
                let expected = words.text(kind.words_key());
                words.get("config.problem.wrong_type", &[("key", key), ("value", value), ("expected", &expected)])
            }
            ProblemKind::OutOfRange { low, high } => words
                .get("config.problem.out_of_range", &[("key", key), ("value", value), ("low", low), ("high", high)]),
            ProblemKind::NotValid(reason) => {
                let reason = words.text(reason);
                words.get("config.problem.not_valid", &[("key", key), ("value", value), ("reason", &reason)])
            }
            ProblemKind::Conflict { rule, other } => {
                let reason = words.get(rule, &[("other", other)]);
                words.get("config.problem.conflict", &[("key", key), ("value", value), ("reason", &reason)])
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Words::new(Language::English)))
    }
}
