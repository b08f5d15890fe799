use std::{collections::BTreeSet, fs};

use crate::{Language, Words, catalog, placeholders, usage};

fn has_hangul(text: &str) -> bool {
    text.chars().any(|c| ('가'..='힣').contains(&c))
}

#[test]
fn both_languages_have_the_same_keys() {
    let english: Vec<_> = catalog::of(Language::English).keys().collect();
    let korean: Vec<_> = catalog::of(Language::Korean).keys().collect();
    assert!(!english.is_empty());
    assert_eq!(english, korean);
}

#[test]
fn both_languages_have_the_same_placeholders() {
    for key in crate::keys() {
        let [english, korean] = Language::ALL.map(|language| Words::new(language).raw(key).unwrap_or_default());
        assert_eq!(placeholders(english), placeholders(korean), "{key}");
    }
}

#[test]
fn keys_have_three_parts_and_texts_are_written() {
    for language in Language::ALL {
        for (key, text) in catalog::of(language) {
            assert!(key.split('.').count() >= 3, "{key} has no area, place and name");
            assert!(!text.trim().is_empty(), "{key} is empty in {language}");
        }
    }
}

#[test]
fn korean_texts_are_korean() {
    for (key, text) in catalog::of(Language::Korean) {
        // Examples are commands.
        assert!(has_hangul(text) || key.ends_with(".example"), "{key} has no Hangul: {text}");
    }
    for (key, text) in catalog::of(Language::English) {
        assert!(!has_hangul(text), "{key} has Hangul");
    }
}

#[test]
fn unknown_keys_answer_themselves() {
    assert_eq!(Words::new(Language::Korean).text("cli.no.such_key"), "cli.no.such_key");
}

#[test]
fn usage_finds_unused_and_missing_texts() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("inner/target")).unwrap();
    fs::write(
        folder.path().join("inner/a.rs"),
        r#"fn f(w: Words) { w.text("cli.up.ready"); w.text("cli.up.nonsense") }"#,
    )
    .unwrap();
    fs::write(folder.path().join("inner/target/b.rs"), r#""cli.up.generated""#).unwrap();
    fs::write(folder.path().join("notes.txt"), r#""cli.up.elsewhere""#).unwrap();
    let usage = usage::usage(&[folder.path()], &["cli.help."]).unwrap();
    assert_eq!(usage.missing, [("cli.up.nonsense".to_owned(), folder.path().join("inner/a.rs"))]);
    let unused: BTreeSet<_> = usage.unused.iter().map(String::as_str).collect();
    assert!(!unused.contains("cli.up.ready"));
    assert!(unused.contains("cli.error.port_taken"));
    assert!(!unused.iter().any(|key| key.starts_with("cli.help.")));
}
