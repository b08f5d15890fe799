//! `ferrostack up`

use std::time::Duration;

use ferrostack_base::Clock;
use ferrostack_config::Settings;
use ferrostack_words::Words;

use super::Answer;
use crate::{
    cloud,
    error::CommandError,
    isolation::Isolation,
    process::{Process, Role},
    tell,
};

/// How long requests that are being answered may take at a stop. What is accepted goes on at the next start.
const STOP: Duration = Duration::from_secs(10);

/// Runs a whole cloud until it is told to stop.
///
/// # Errors
/// What keeps the cloud from starting.
pub async fn run(
    settings: &Settings,
    words: Words,
    simulated: bool,
    isolation: Option<Isolation>,
) -> anyhow::Result<Answer> {
    run_as(settings, words, if simulated { Role::Simulated } else { Role::AllInOne }, isolation).await
}

/// Runs a process in that role until it is told to stop.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run_as(
    settings: &Settings,
    words: Words,
    role: Role,
    isolation: Option<Isolation>,
) -> anyhow::Result<Answer> {
    // Before anything is written.
    if role.has_node() && !rustix::process::geteuid().is_root() {
        return Err(CommandError::NotRoot.into());
    }
    let process = Process::begin(settings, role, words, isolation)?;
    tell(&words.get("cli.up.starting", &[("version", &env!("CARGO_PKG_VERSION"))]));
    let too_late = {
        let stopping = process.stopping();
        async move {
            stopping.await;
            Clock::system().sleep(STOP).await;
        }
    };
    tokio::select! {
        ended = work(settings.clone(), process) => ended?,
        () = too_late => tracing::warn!("some requests were not answered in time for the stop"),
    }
    tell(&words.text("cli.up.stopped"));
    Ok(Answer::success(""))
}

/// What a process of that role does.
async fn work(settings: Settings, process: Process) -> anyhow::Result<()> {
    match process.role() {
        Role::Agent => cloud::run_node(settings, process).await,
        Role::AllInOne | Role::Simulated | Role::Controller => cloud::run(settings, process).await,
    }
}
