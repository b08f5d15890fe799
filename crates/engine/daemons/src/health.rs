//! How each engine is.

use std::time::Duration;

use ferrostack_base::Clock;

use crate::{Daemon, LogTail, Owner, Ready, Version, process::Process};

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineHealth {
    /// Its name, such as `ovn-northd`.
    pub name: &'static str,
    /// The version of the program installed.
    pub version: Version,
    /// Whether it does its work.
    pub healthy: bool,
    /// Why not; or something worth knowing.
    pub reason: Option<String>,
    /// Its process, when it lives.
    pub pid: Option<i32>,
    /// The memory that it has, in bytes.
    pub memory: u64,
    /// Who has started it, when it lives.
    pub owner: Option<Owner>,
    /// How its log ends; read only when it is not well.
    pub log: LogTail,
}

/// Looks at one engine.
pub(crate) async fn of(clock: &Clock, engine: &Daemon, version: &Version, mark: &str, init: bool) -> EngineHealth {
    let process = engine.find();
    let trouble = match &process {
        Some(process) => match clock.timeout(PATIENCE, engine.probe(process)).await {
            Ok(answer) => answer.err(),
            Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
        },
        // systemd starts what has a socket when somebody connects.
        None if init && matches!(engine.ready, Ready::Socket(_)) => engine.probe_socket().await.err(),
        None => Some("it does not run".to_owned()),
    };
    let log = if trouble.is_some() { LogTail::read(&engine.log) } else { LogTail::default() };
    EngineHealth {
        name: engine.name,
        version: version.clone(),
        healthy: trouble.is_none(),
        reason: trouble,
        pid: process.as_ref().map(|process| process.pid),
        memory: process.as_ref().map_or(0, Process::memory),
        owner: process.as_ref().map(|process| owner(process, mark, init)),
        log,
    }
}

/// Who has started a process.
pub(crate) fn owner(process: &Process, mark: &str, init: bool) -> Owner {
    match process.mark() {
        Some(found) if found == mark => Owner::Ourselves,
        None if init => Owner::InitSystem,
        _ => Owner::Somebody,
    }
}
