//! `ferrostack audit`

use ferrostack_config::Settings;
use ferrostack_words::Words;

use super::Answer;
use crate::control;

/// Lets the running process compare what it keeps; one line for each thing that does not agree.
///
/// # Errors
/// No process runs, or it does not answer.
pub async fn run(settings: &Settings, words: Words) -> anyhow::Result<Answer> {
    let lines = control::audit(&settings.state.dir).await?;
    if lines.is_empty() {
        return Ok(Answer::success(words.text("cli.audit.agrees") + "\n"));
    }
    Ok(Answer::found(lines.into_iter().map(|line| line + "\n").collect::<String>()))
}
