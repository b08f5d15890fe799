//! `config explain`: one setting for people.

use ferrostack_words::{Language, Words};

use crate::{ConfigError, Kind, Settings, docs, nearest, show, table::Row};

/// All that is known of a setting, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// `section.name`.
    pub key: &'static str,
    /// What the value looks like.
    pub value: String,
    /// The default as TOML; `None` when there is none.
    pub default: Option<String>,
    /// Whether the default follows other settings.
    pub derived: bool,
    /// Lowest and highest number.
    pub range: Option<String>,
    /// The value in force as TOML (secrets hidden) and where it comes from.
    pub now: Option<String>,
    /// Who reads it.
    pub readers: String,
    /// What it does.
    pub what: String,
    /// Why this default.
    pub why: String,
    /// What it affects.
    pub affects: String,
    /// When to change it.
    pub change: String,
    language: Language,
}

/// Explains a setting without looking at a file.
///
/// # Errors
/// [`ConfigError::UnknownKey`] with the nearest names.
pub fn explain(key: &str, language: Language) -> Result<Explanation, ConfigError> {
    Settings::default().explain(key, language)
}

impl Settings {
    /// Explains a setting, with the value that it has here.
    ///
    /// # Errors
    /// [`ConfigError::UnknownKey`] with the nearest names.
    pub fn explain(&self, key: &str, language: Language) -> Result<Explanation, ConfigError> {
        let Some(row) = Row::find(key) else {
            return Err(ConfigError::UnknownKey { key: key.to_owned(), nearest: nearest::settings(key) });
        };
        let words = Words::new(language);
        let doc = docs::of(row.key, language);
        let value = match row.kind {
            Kind::Choice(allowed) => words.get(row.kind.words_key(), &[("allowed", &allowed.join(", "))]),
            kind => words.text(kind.words_key()),
        };
        let readers: Vec<_> = row.readers.iter().map(|reader| reader.as_str()).collect();
        let now = self.shown(row).map(|now| format!("{now} ({})", show::origin(self, row, words)));
        Ok(Explanation {
            key: row.key,
            value,
            default: Self::default().shown(row),
            derived: row.derived,
            range: row.range.map(|(low, high)| format!("{low} .. {high}")),
            now,
            readers: readers.join(", "),
            what: doc.what,
            why: doc.why,
            affects: doc.affects,
            change: doc.change,
            language,
        })
    }
}

impl Explanation {
    /// The text to print, in the language of the explanation.
    pub fn text(&self) -> String {
        let words = Words::new(self.language);
        let default = if self.derived { "config.explain.default_derived" } else { "config.explain.default" };
        let mut text = format!("{}\n", self.key);
        let short = [
            ("config.explain.type", Some(&self.value)),
            (default, self.default.as_ref()),
            ("config.explain.range", self.range.as_ref()),
            ("config.explain.now", self.now.as_ref()),
            ("config.explain.readers", Some(&self.readers)),
        ];
        for (key, value) in short {
            if let Some(value) = value {
                text += &format!("  {}: {value}\n", words.text(key));
            }
        }
        let long = [
            ("config.explain.what", &self.what),
            ("config.explain.why", &self.why),
            ("config.explain.affects", &self.affects),
            ("config.explain.change", &self.change),
        ];
        for (key, part) in long {
            text += &format!("\n{}\n  {part}\n", words.text(key));
        }
        text
    }
}
