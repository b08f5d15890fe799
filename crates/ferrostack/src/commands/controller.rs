//! `ferrostack controller`

use ferrostack_config::Settings;
use ferrostack_words::Words;

use super::{Answer, up};
use crate::{isolation::Isolation, process::Role};

/// Runs all services until it is told to stop. Nodes are processes of their own (`ferrostack agent`), and join.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run(settings: &Settings, words: Words, isolation: Option<Isolation>) -> anyhow::Result<Answer> {
    up::run_as(settings, words, Role::Controller, isolation).await
}
