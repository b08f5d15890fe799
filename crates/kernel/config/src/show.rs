//! `config show`: the settings in force as a settings file, each with where it comes from.

use ferrostack_words::Words;

use crate::{
    Origin, Settings,
    table::{Row, TABLE},
};

impl Settings {
    /// TOML text. Without `with_defaults` only what was given; with it, everything. Secrets are hidden, so the text
    /// is for reading, not for use as a settings file.
    pub fn show(&self, with_defaults: bool, words: Words) -> String {
        let mut text = String::new();
        let mut section = "";
        for row in TABLE {
            let given = matches!(self.origin(row.key), Origin::File { .. } | Origin::CommandLine);
            if !given && !with_defaults {
                continue;
            }
            if row.section() != section {
                section = row.section();
                let gap = if text.is_empty() { "" } else { "\n" };
                text += &format!("{gap}[{section}]\n");
            }
            let origin = origin(self, row, words);
            text += &match self.shown(row) {
                Some(value) => format!("{} = {value}  # {origin}\n", row.name()),
                None => format!("# {} =  # {origin}\n", row.name()),
            };
        }
        text
    }
}

/// Where a value comes from, for people.
pub(crate) fn origin(settings: &Settings, row: &Row, words: Words) -> String {
    let origin = match settings.origin(row.key) {
        Origin::Default => words.text("config.origin.default"),
        Origin::Derived => words.text("config.origin.derived"),
        Origin::File { line } => words.get("config.origin.file", &[("file", &settings.file), ("line", &line)]),
        Origin::CommandLine => words.text("config.origin.command_line"),
    };
    if row.kind.is_secret() && settings.shown(row).is_some_and(|shown| shown.contains("***")) {
        return format!("{origin}, {}", words.text("config.origin.hidden"));
    }
    origin
}
