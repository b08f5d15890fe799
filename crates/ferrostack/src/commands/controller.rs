//! `ferrostack controller`

use ferrostack_config::Settings;
use ferrostack_words::Words;

use super::{Answer, up};
use crate::process::Role;

/// Runs all services, without nodes, until it is told to stop.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run(settings: &Settings, words: Words) -> anyhow::Result<Answer> {
    up::run_as(settings, words, Role::Controller, None).await
}
