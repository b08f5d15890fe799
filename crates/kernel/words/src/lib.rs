//! The texts that people read in the command line and the dashboard, in English and Korean. API faults are not here:
//! they are English, as upstream's.
//!
//! Texts are data (`words/en.toml`, `words/ko.toml`), found by a key such as `cli.up.ready`. A key has at least three
//! parts, the first being its area; that is how [`usage`] finds keys in the sources. `{name}` in a text is replaced by
//! the argument of that name, `{{` is a brace. Korean particles depend on the word before them, so a text writes
//! `{name}{을/를}` and [`Words::get`] takes the one that fits.
//!
//! ```
//! use ferrostack_words::{Language, Words};
//!
//! let words = Words::new(Language::English);
//! assert_eq!(words.get("cli.error.port_taken", &[("address", &"127.0.0.1:8080")]).lines().next(),
//!     Some("The address 127.0.0.1:8080 is in use by another program."));
//! ```

mod catalog;
mod language;
mod particle;
mod template;
pub mod usage;

pub use language::{Language, UnknownLanguage};
pub use template::placeholders;

use std::fmt::Display;

/// The texts of one language. Cheap to make and to copy: the catalog is read when the first text is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    language: Language,
}

impl Words {
    /// The texts of `language`.
    pub fn new(language: Language) -> Self {
        Self { language }
    }

    /// The language of these texts.
    pub fn language(self) -> Language {
        self.language
    }

    /// The text of `key` with its placeholders filled. An argument that is not given leaves `{name}` standing, and an
    /// unknown key is answered with itself: a command must not fail for want of a text, and tests find both.
    pub fn get(self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        match self.raw(key) {
            Some(text) => template::fill(text, arguments),
            None => key.to_owned(),
        }
    }

    /// The text of a key that has no placeholders.
    pub fn text(self, key: &str) -> String {
        self.get(key, &[])
    }

    /// The text of `key` as it stands in the catalog, if there is one.
    pub fn raw(self, key: &str) -> Option<&'static str> {
        catalog::of(self.language).get(key).map(String::as_str)
    }
}

/// Every key, in order.
pub fn keys() -> impl Iterator<Item = &'static str> {
    catalog::of(Language::English).keys().map(String::as_str)
}

#[cfg(test)]
mod tests;
