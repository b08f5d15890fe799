//! What can go wrong with engines. Each error names the engine, what its log said last, and what helps.

use std::{fmt, io, net::SocketAddr, path::PathBuf, time::Duration};

use ferrostack_ovn::OvnError;
use ipnet::IpNet;

use crate::Version;

/// A failure of this crate. Its text has what happened and what helps; the cause, where there is one, is its source.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Engines, bridges and namespaces are root's.
    #[error("engines can be started only by root; run it with sudo")]
    NotRoot,
    /// A program is not installed.
    #[error("{program} is not installed; install it with: apt-get install {package}")]
    Missing {
        /// The program.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A program is older than what we know to work.
    #[error(
        "{program} is version {found}, version {needed} or newer is needed; install a newer {package}, such as that of \
         Debian 12 or later"
    )]
    TooOld {
        /// The program.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
        /// The version installed.
        found: Version,
        /// The lowest version that does.
        needed: Version,
    },
    /// A program does not tell its version.
    #[error("{program} --version says {output:?}, which has no version; reinstall the package {package}")]
    NoVersion {
        /// The program.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
        /// What it said.
        output: String,
    },
    /// An engine did not start.
    #[error("{engine} did not start: {reason}{log}\n  remove the cause and run it again: what runs already is kept")]
    Start {
        /// The engine.
        engine: String,
        /// What the program or the system said.
        reason: String,
        /// The end of its log.
        log: LogTail,
    },
    /// An engine runs, but does not do its work.
    #[error(
        "{engine} (process {pid}) does not answer after {} s: {reason}{log}\n  if it is stuck, end it with: kill {pid}, \
         and run it again",
        waited.as_secs()
    )]
    NotReady {
        /// The engine.
        engine: String,
        /// Its process.
        pid: i32,
        /// How long we waited.
        waited: Duration,
        /// What the last attempt said.
        reason: String,
        /// The end of its log.
        log: LogTail,
    },
    /// systemd could not start an engine.
    #[error(
        "systemd does not start {unit}: {reason}; look at: journalctl -u {unit}, or reinstall the package {package}"
    )]
    Unit {
        /// The unit.
        unit: String,
        /// What systemctl said.
        reason: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// An engine could not be stopped.
    #[error("{engine} (process {pid}) does not end; end it with: kill -9 {pid}")]
    Stop {
        /// The engine.
        engine: String,
        /// Its process.
        pid: i32,
    },
    /// A command of the system failed.
    #[error("`{command}` failed: {reason}")]
    Command {
        /// The command line.
        command: String,
        /// What it said, or how it ended.
        reason: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot {verb} {path}")]
    File {
        /// What was tried: `write`, `create`, `mount`.
        verb: &'static str,
        /// The path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A database file is damaged.
    #[error(
        "{engine} cannot use its database {file}: {reason}; restore it from a backup, or move it away and run it again: \
         an empty one is then made"
    )]
    DatabaseFile {
        /// The engine.
        engine: &'static str,
        /// The file.
        file: PathBuf,
        /// What its tool said.
        reason: String,
    },
    /// An engine's database refused something.
    #[error("setting up the database {database} failed")]
    Database {
        /// The database.
        database: &'static str,
        /// Why.
        #[source]
        source: OvnError,
    },
    /// vswitchd does not carry out what the database says.
    #[error("ovs-vswitchd did not make {what}: {reason}{log}")]
    Vswitch {
        /// The bridge or interface.
        what: String,
        /// What it said.
        reason: String,
        /// The end of its log.
        log: LogTail,
    },
    /// A bridge is somebody else's.
    #[error(
        "the bridge {bridge} is not ours: {reason}; if nothing needs it any more, remove it with: ovs-vsctl del-br \
         {bridge}; or start an isolated cloud beside it (--isolate)"
    )]
    ForeignBridge {
        /// The bridge.
        bridge: String,
        /// Why we think so.
        reason: String,
    },
    /// An address range is in use on this host.
    #[error("{wanted} cannot be the external network: it overlaps with {taken}; choose another range")]
    AddressTaken {
        /// The host's address in the range wanted.
        wanted: IpNet,
        /// Who has it: `address 10.0.0.1/8 of eth0`, `route to 10.0.0.0/8 by eth0`.
        taken: String,
    },
    /// The kernel's datapath was asked for and is not there.
    #[error(
        "the kernel cannot switch packets: {reason}; install a kernel with the module openvswitch, or do without it"
    )]
    NoKernelDatapath {
        /// What was tried and what it said.
        reason: String,
    },
    /// A setting cannot be used.
    #[error("{option}: {value:?} {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A listener that must be reachable from outside of an isolated cloud.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Namespaces can only be entered by a process that has not started threads yet.
    #[error("a process with {threads} threads cannot enter a namespace; this is a bug: it must be done first in main")]
    Threads {
        /// How many threads there are.
        threads: usize,
    },
    /// A network namespace of that name is somebody else's.
    #[error(
        "the network namespace {name} exists and is not ours; choose another name, or remove it with: ip netns del {name}"
    )]
    ForeignNamespace {
        /// The namespace.
        name: String,
    },
    /// The kernel refused something about namespaces.
    #[error("cannot {what}")]
    Namespace {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl DaemonError {
    pub(crate) fn file(verb: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }

    pub(crate) fn database(database: &'static str) -> impl Fn(OvnError) -> Self {
        move |source| Self::Database { database, source }
    }

    pub(crate) fn namespace<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |source| Self::Namespace { what, source: source.into() }
    }
}

/// The last lines of an engine's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogTail {
    /// The log.
    pub path: PathBuf,
    /// Its last lines, oldest first; none when there is no log.
    pub lines: Vec<String>,
}

impl LogTail {
    const LINES: usize = 8;
    const BYTES: u64 = 16 * 1024;

    /// Reads the end of a log; a log that cannot be read has no lines.
    pub fn read(path: impl Into<PathBuf>) -> Self {
        use std::io::{Read, Seek, SeekFrom};
        let path = path.into();
        let mut bytes = Vec::new();
        let read = std::fs::File::open(&path).and_then(|mut file| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(Self::BYTES)))?;
            file.read_to_end(&mut bytes)
        });
        let text = if read.is_ok() { String::from_utf8_lossy(&bytes).into_owned() } else { String::new() };
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        Self { path, lines: lines[lines.len().saturating_sub(Self::LINES)..].to_vec() }
    }
}

impl fmt::Display for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return Ok(());
        }
        write!(f, "\n  {} ends with:", self.path.display())?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_engine_log_and_cure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        std::fs::write(&path, (1..=20).map(|line| format!("line {line}\n")).collect::<String>()).unwrap();
        let log = LogTail::read(&path);
        assert_eq!(log.lines.first().unwrap(), "line 13");
        let error = DaemonError::Start { engine: "ovn-northd".into(), reason: "exit status: 1".into(), log };
        let text = error.to_string();
        assert!(text.starts_with("ovn-northd did not start: exit status: 1"), "{text}");
        assert!(text.contains("x.log ends with:\n  | line 13\n") && text.contains("| line 20\n  remove"), "{text}");
        assert_eq!(LogTail::read("/nonexistent").to_string(), "");
    }
}
