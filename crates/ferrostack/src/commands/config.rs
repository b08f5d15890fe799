//! `ferrostack config show|explain|check`

use std::path::PathBuf;

use ferrostack_config::DEFAULT_PATH;
use ferrostack_words::Words;

use super::Answer;
use crate::{error::CommandError, options::Options};

/// The settings in force as a settings file.
///
/// # Errors
/// The settings are refused.
pub fn show(options: &Options, words: Words, all: bool) -> anyhow::Result<Answer> {
    let shown = options.settings()?.show(all, words);
    let head = match options.file() {
        Some(_) => String::new(),
        None => format!("# {}\n", words.text("cli.config.no_file")),
    };
    Ok(Answer::success(head + &shown))
}

/// One setting with its documentation; without a name, all names, each with what it does.
///
/// # Errors
/// There is no such setting, or the settings are refused.
pub fn explain(options: &Options, words: Words, setting: Option<&str>) -> anyhow::Result<Answer> {
    let settings = options.settings()?;
    let explain = |key: &str| settings.explain(key, words.language()).map_err(CommandError::Settings);
    if let Some(key) = setting {
        return Ok(Answer::success(explain(key)?.text()));
    }
    let mut text = String::new();
    for key in ferrostack_config::keys() {
        text += &format!("{key}\n  {}\n", explain(key)?.what);
    }
    Ok(Answer::success(text))
}

/// Checks a settings file: the one named, the one of `--config`, or the usual one.
///
/// # Errors
/// The file cannot be read, or everything that is wrong in it.
pub fn check(options: &Options, words: Words, file: Option<PathBuf>) -> anyhow::Result<Answer> {
    let path = file.or_else(|| options.config.clone()).unwrap_or_else(|| PathBuf::from(DEFAULT_PATH));
    let count = ferrostack_config::check(&path).map_err(CommandError::Settings)?;
    let text = words.get("cli.config.valid", &[("path", &path.display()), ("count", &count)]);
    Ok(Answer::success(text + "\n"))
}
