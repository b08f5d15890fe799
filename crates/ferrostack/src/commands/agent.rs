//! `ferrostack agent`

use ferrostack_config::Settings;
use ferrostack_words::Words;

use super::{Answer, up};
use crate::{isolation::Isolation, process::Role};

/// Runs this machine as a node until it is told to stop. Guests and engines go on.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run(settings: &Settings, words: Words, isolation: Option<Isolation>) -> anyhow::Result<Answer> {
    up::run_as(settings, words, Role::Agent, isolation).await
}
