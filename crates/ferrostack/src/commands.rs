//! The commands, one file each.

pub mod agent;
pub mod audit;
pub mod completion;
pub mod config;
pub mod controller;
pub mod explain;
pub mod init;
pub mod migrate;
pub mod status;
pub mod trace;
pub mod up;
pub mod version;

use std::{net::SocketAddr, thread};

use ferrostack_config::{LogFormat, Settings};
use ferrostack_daemons::DaemonError;

use crate::{
    command_line::{Command, Invocation},
    error::CommandError,
    exit::Exit,
    isolation::Isolation,
};

/// What a command found.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// For standard output.
    pub text: String,
    /// How the program ends.
    pub exit: Exit,
}

impl Answer {
    /// All is well.
    pub fn success(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Success }
    }

    /// The command did its work; what it looked at is wrong or not there.
    pub fn found(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Found }
    }
}

/// Runs a command.
///
/// # Errors
/// What keeps it from its work; [`crate::report`] words it.
pub fn run(invocation: Invocation) -> anyhow::Result<Answer> {
    let Invocation { words, options, command } = invocation;
    match command {
        Command::Completion { shell } => Ok(completion::run(words, shell)),
        Command::Version => Ok(version::run()),
        Command::ConfigShow { all } => config::show(&options, words, all),
        Command::ConfigExplain { setting } => config::explain(&options, words, setting.as_deref()),
        Command::ConfigCheck { file } => config::check(&options, words, file),
        Command::Init { node } => init::run(&options.settings()?, words, node),
        Command::Up { simulated, isolate } => {
            let settings = options.settings()?;
            let isolation = enter(&settings, isolate, Some(settings.api.listen))?;
            with_runtime(&settings, up::run(&settings, words, simulated, isolation))
        }
        Command::Controller { isolate } => {
            let settings = options.settings()?;
            let isolation = enter(&settings, isolate, Some(settings.api.listen))?;
            with_runtime(&settings, controller::run(&settings, words, isolation))
        }
        Command::Agent { isolate } => {
            let settings = options.settings()?;
            let isolation = enter(&settings, isolate, None)?;
            with_runtime(&settings, agent::run(&settings, words, isolation))
        }
        Command::Migrate => {
            let settings = options.settings()?;
            with_runtime(&settings, migrate::run(&settings, words))
        }
        Command::Status { json } => {
            let settings = options.settings()?;
            with_runtime(&settings, status::run(&settings, words, json))
        }
        Command::Trace { request_id } => {
            let settings = options.settings()?;
            with_runtime(&settings, trace::run(&settings, words, &request_id))
        }
        Command::Explain { id } => {
            let settings = options.settings()?;
            with_runtime(&settings, explain::run(&settings, words, &id))
        }
        Command::Audit => {
            let settings = options.settings()?;
            with_runtime(&settings, audit::run(&settings, words))
        }
    }
}

/// Enters the namespaces of that name while there is one thread only: all later ones are born in them. The port `outside` is
/// for those who do not live in there.
fn enter(
    settings: &Settings,
    name: Option<String>,
    outside: Option<SocketAddr>,
) -> Result<Option<Isolation>, DaemonError> {
    name.map(|name| Isolation::enter(settings, &name, outside)).transpose()
}

/// Sets up log and runtime, one worker for each core, and runs `command` on it. What it leaves behind is dropped.
fn with_runtime(settings: &Settings, command: impl Future<Output = anyhow::Result<Answer>>) -> anyhow::Result<Answer> {
    let format = match settings.log.format {
        LogFormat::Human => ferrostack_observe::Format::Human,
        LogFormat::Json => ferrostack_observe::Format::Json,
        LogFormat::Journald => ferrostack_observe::Format::Journald,
    };
    ferrostack_observe::init(settings.log.level.as_str(), format).map_err(CommandError::Log)?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores)
        .enable_all()
        .build()
        .map_err(CommandError::System)?;
    let answer = runtime.block_on(command);
    runtime.shutdown_background();
    answer
}
