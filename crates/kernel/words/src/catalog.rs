//! The embedded files, flattened to one map from key to text for each language.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::Language;

pub(crate) type Catalog = BTreeMap<String, String>;

const ENGLISH: &str = include_str!("../words/en.toml");
const KOREAN: &str = include_str!("../words/ko.toml");

/// The texts of a language, parsed at the first call.
pub(crate) fn of(language: Language) -> &'static Catalog {
    static ENGLISH_TEXTS: OnceLock<Catalog> = OnceLock::new();
    static KOREAN_TEXTS: OnceLock<Catalog> = OnceLock::new();
    match language {
        Language::English => ENGLISH_TEXTS.get_or_init(|| read(ENGLISH)),
        Language::Korean => KOREAN_TEXTS.get_or_init(|| read(KOREAN)),
    }
}

/// The file is part of the program; a test parses it, so a broken one never gets here.
fn read(file: &str) -> Catalog {
    let mut catalog = Catalog::new();
    if let Ok(table) = file.parse::<toml::Table>() {
        flatten("", &table, &mut catalog);
    }
    catalog
}

fn flatten(prefix: &str, table: &toml::Table, catalog: &mut Catalog) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, catalog),
            toml::Value::String(text) => {
                catalog.insert(key, text.trim_end_matches('\n').to_owned());
            }
            // Not a text: a test refuses it.
            other => {
                catalog.insert(key, format!("{other:?}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_tables_of_texts() {
        fn only_texts(table: &toml::Table) -> bool {
            table.values().all(|value| value.is_str() || value.as_table().is_some_and(only_texts))
        }
        for file in [ENGLISH, KOREAN] {
            assert!(only_texts(&file.parse().unwrap()));
        }
    }
}
