//! One engine: its description, and how it is found, started and stopped.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use ferrostack_base::{Clock, chain};
use ferrostack_ovn::{Client, Endpoint};
use serde_json::json;
use tokio::{net::UnixStream, process::Command};

use crate::{
    DaemonError, LogTail, Version, database,
    process::{MARK_VARIABLE, Process},
    program,
    state::State,
};

/// How long an engine may take until it is ready. libvirtd on a busy machine was seen to need 8 s.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often one looks.
const STEP: Duration = Duration::from_millis(20);
/// A log that is larger at a start is put aside: nobody turns the logs of isolated clouds.
const LOG_LIMIT: u64 = 64 << 20;

/// Everything that there is to know about an engine. A new engine is one more of these in `catalog.rs`.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// Its name for people; unique.
    pub name: &'static str,
    /// Its program, which must put itself into the background and answer only when it could.
    pub program: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
    /// The lowest version that we know to work.
    pub needed: Version,
    /// The systemd units that run it; the first that exists is used.
    pub units: &'static [&'static str],
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment, besides ours.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Where its number stands when we start it.
    pub pid_file: PathBuf,
    /// Where it stands when somebody else starts it elsewhere.
    pub other_pid_files: &'static [&'static str],
    /// Where it writes what it does.
    pub log: PathBuf,
    /// The database that it needs, with its schema; made when it is not there.
    pub database: Option<(PathBuf, &'static str)>,
    /// How one knows that it does its work.
    pub ready: Ready,
}

/// How one knows that an engine does its work.
#[derive(Debug, Clone)]
pub enum Ready {
    /// An OVSDB server at this socket offers this database.
    Database(&'static str, &'static str),
    /// It answers on its control socket `PROGRAM.PID.ctl` in this folder, which its main loop serves.
    Control(&'static str),
    /// It takes connections at this socket.
    Socket(&'static str),
}

/// Who has started an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// We, or an earlier process of this cloud.
    Ourselves,
    /// systemd.
    InitSystem,
    /// Somebody else; also another cloud of ours.
    Somebody,
}

impl Daemon {
    /// The engine's process, if it lives.
    pub fn find(&self) -> Option<Process> {
        let others = self.other_pid_files.iter().map(Path::new);
        std::iter::once(self.pid_file.as_path())
            .chain(others)
            .find_map(|pid_file| Process::of_pid_file(pid_file, self.program))
    }

    /// Whether it does its work now.
    ///
    /// # Errors
    /// What it said, or did not say.
    pub(crate) async fn probe(&self, process: &Process) -> Result<(), String> {
        match &self.ready {
            Ready::Database(socket, database) => {
                let stream = Endpoint::Unix(socket.into()).connect().await.map_err(told)?;
                let offered = Client::connect(stream).list_databases().await.map_err(told)?;
                let offers = offered.iter().any(|name| name == database);
                offers.then_some(()).ok_or_else(|| format!("it does not offer the database {database}"))
            }
            Ready::Control(folder) => {
                // The protocol of control sockets is JSON-RPC too (ovs-appctl(8)).
                let socket = self.control_socket(folder, process.pid);
                let stream = Endpoint::Unix(socket).connect().await.map_err(told)?;
                Client::connect(stream).request("version", json!([])).await.map(drop).map_err(told)
            }
            Ready::Socket(_) => self.probe_socket().await,
        }
    }

    /// Whether somebody takes connections at its socket.
    pub(crate) async fn probe_socket(&self) -> Result<(), String> {
        let (Ready::Socket(socket) | Ready::Database(socket, _) | Ready::Control(socket)) = &self.ready;
        UnixStream::connect(socket).await.map(drop).map_err(|error| format!("{socket}: {error}"))
    }

    fn control_socket(&self, folder: &str, pid: i32) -> PathBuf {
        Path::new(folder).join(format!("{}.{pid}.ctl", self.program))
    }

    /// Waits until a process of this engine does its work; it may be replaced by another meanwhile.
    pub(crate) async fn wait_ready(&self, clock: &Clock) -> Result<Process, DaemonError> {
        let begun = clock.now();
        loop {
            let Some(process) = self.find() else {
                return Err(self.not_started("it ended again"));
            };
            let reason = match clock.timeout(Duration::from_secs(5), self.probe(&process)).await {
                Ok(Ok(())) => return Ok(process),
                Ok(Err(reason)) => reason,
                Err(_) => "no answer".to_owned(),
            };
            let waited = clock.now().since(begun);
            if waited >= PATIENCE {
                let (engine, log) = (self.name.to_owned(), LogTail::read(&self.log));
                return Err(DaemonError::NotReady { engine, pid: process.pid, waited, reason, log });
            }
            clock.sleep(STEP).await;
        }
    }

    /// As [`Self::wait_ready`], after an init system has been asked to start it: it may need a moment until its number
    /// stands in the pid file, and what systemd starts at the first connection may have no process at all.
    pub(crate) async fn wait_offered(&self, clock: &Clock) -> Result<(), DaemonError> {
        if matches!(self.ready, Ready::Socket(_)) && self.probe_socket().await.is_ok() {
            return Ok(());
        }
        if !self.appears(clock).await {
            return Err(self.not_started("systemd has started it, but its pid file names no process"));
        }
        self.wait_ready(clock).await.map(drop)
    }

    /// Starts it with our mark, and waits until it does its work. It must not be running.
    pub(crate) async fn start(&self, clock: &Clock, state: &State) -> Result<Process, DaemonError> {
        if let Some((file, schema)) = &self.database {
            database::prepare(clock, state, self.name, file, Path::new(schema)).await?;
        }
        self.put_log_aside();
        let path = program::find(self.program)
            .ok_or_else(|| DaemonError::Missing { program: self.program.to_owned(), package: self.package })?;
        // A file, not a pipe: what stays in the background would keep a pipe open.
        let said_path = self.log.with_extension("start");
        let said = File::create(&said_path).map_err(DaemonError::file("write", &said_path))?;
        let also_said = said.try_clone().map_err(DaemonError::file("write", &said_path))?;
        let mut command = Command::new(path);
        command.args(&self.args).envs(self.environment.iter().copied()).env(MARK_VARIABLE, state.mark());
        // What an init system tells a service is not meant for the engines of that service.
        for variable in ["NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID", "WATCHDOG_USEC"]
        {
            command.env_remove(variable);
        }
        command.current_dir("/").stdin(Stdio::null()).stdout(also_said).stderr(said);
        // A group of its own from the first moment: Ctrl-C is for us. It makes its session itself.
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| self.not_started(&error.to_string()))?;
        let ended = match clock.timeout(PATIENCE, child.wait()).await {
            Ok(ended) => ended.map_err(|error| self.not_started(&error.to_string()))?,
            Err(_) => return Err(self.not_started(&format!("nothing happened for {} s", PATIENCE.as_secs()))),
        };
        if !ended.success() && !self.appears(clock).await {
            let text = fs::read_to_string(&said_path).unwrap_or_default();
            let text = text.lines().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("; ");
            let text = if text.is_empty() { ended.to_string() } else { text };
            return Err(self.not_started(&text));
        }
        let process = self.wait_ready(clock).await?;
        // Nothing of interest is in there any more.
        let _ = fs::remove_file(&said_path);
        tracing::info!(engine = self.name, pid = process.pid, "engine started");
        Ok(process)
    }

    /// Whether it comes up without us: an earlier attempt that was cut short may have been just about to.
    async fn appears(&self, clock: &Clock) -> bool {
        for _ in 0..100 {
            if self.find().is_some() {
                return true;
            }
            clock.sleep(STEP).await;
        }
        false
    }

    /// Removes what a process that was killed has left.
    pub(crate) fn clear_leftovers(&self, dead: &Process) {
        if let Ready::Control(folder) = &self.ready {
            // Gone already when it had the time to clean up.
            let _ = fs::remove_file(self.control_socket(folder, dead.pid));
        }
    }

    fn put_log_aside(&self) {
        if fs::metadata(&self.log).is_ok_and(|log| log.len() > LOG_LIMIT) {
            // A log that cannot be moved just grows on.
            let _ = fs::rename(&self.log, self.log.with_extension("log.1"));
        }
    }

    fn not_started(&self, reason: &str) -> DaemonError {
        let reason = reason.to_owned();
        DaemonError::Start { engine: self.name.to_owned(), reason, log: LogTail::read(&self.log) }
    }
}

fn told(error: ferrostack_ovn::OvnError) -> String {
    chain(&error).to_string()
}
