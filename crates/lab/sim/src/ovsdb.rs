//! An OVSDB server (RFC 7047) in this process, with OVN's Northbound and Southbound databases: the stand-in for OVN, so
//! that everything above the wire runs as it would against the real one.
//!
//! Theory of operation. All databases and sessions are behind one lock, and a transaction runs under it from its first
//! operation to the notices it causes: transactions are serial, and a session that gets an answer has got the changes
//! before it. After each commit the tiny northd ([`crate::northd`]) says what it would write, which is committed in the
//! same way before anybody else comes, until nothing is left to do. Costs grow with the change, not with the row or the
//! table: sets are trees, differences are kept instead of copies, and references and indexes are followed by hash.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_ovn::{Endpoint, OperationError};
use thiserror::Error;
use tokio::{io::DuplexStream, net::UnixListener, task::AbortHandle};

use crate::northd::Northd;

mod change;
pub(crate) mod database;
mod fault;
mod journal;
mod lock;
mod monitor;
mod request;
mod schema;
mod session;
pub(crate) mod state;
#[cfg(test)]
mod tests;
pub(crate) mod transaction;

use state::State;

/// Bytes that a pipe to a session holds in each direction.
const PIPE: usize = 256 << 10;

/// What goes wrong in a simulated server.
#[derive(Debug, Error)]
pub enum OvsdbError {
    /// A database's file cannot be used.
    #[error("cannot use the journal {}", .path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A database's file is open elsewhere.
    #[error("the journal {} is in use by another process", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A database's file has something else than transactions.
    #[error("the journal {} is damaged in line {line}: {detail}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// A socket cannot be listened on.
    #[error("cannot listen on {}", .path.display())]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A simulated node did something that the databases do not allow.
    #[error("the simulated chassis could not write to the Southbound database")]
    Southbound(#[source] OperationError),
    /// A chassis is named that does not exist.
    #[error("chassis: there is none named {name:?}")]
    UnknownChassis {
        /// The name.
        name: String,
    },
}

/// The server; clones share it.
#[derive(Clone, Debug)]
pub struct Ovsdb(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    state: Mutex<State>,
    listeners: Mutex<Vec<AbortHandle>>,
}

impl Ovsdb {
    /// Databases that are gone when the server is.
    pub fn in_memory() -> Self {
        Self::with(State::in_memory())
    }

    /// Empty databases in memory and no northd: only the server, for tests of the protocol.
    pub fn bare() -> Self {
        Self::with(State::bare())
    }

    /// Databases kept in `dir`, one file each; created when they are not there.
    ///
    /// # Errors
    /// When a file cannot be read or written, is in use, or is damaged.
    pub fn open(dir: &Path) -> Result<Self, OvsdbError> {
        State::open(dir).map(Self::with)
    }

    fn with(state: State) -> Self {
        Self(Arc::new(Inner { state: Mutex::new(state), listeners: Mutex::default() }))
    }

    /// A new session, as a stream to speak the protocol over. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `ConnectionRefused` after [`Self::set_reachable`]`(false)` and [`Self::close`].
    pub fn connect(&self) -> io::Result<DuplexStream> {
        let (theirs, ours) = tokio::io::duplex(PIPE);
        session::begin(self.clone(), ours)?;
        Ok(theirs)
    }

    /// The address for a client in this process.
    pub fn endpoint(&self) -> Endpoint {
        let server = self.clone();
        Endpoint::InProcess(Arc::new(move || server.connect()))
    }

    /// Serves over a socket in the file system too, where `ovn-nbctl` and the like can look. What lies at `path` from
    /// an earlier server is replaced.
    ///
    /// # Errors
    /// [`OvsdbError::Listen`].
    pub fn listen_unix(&self, path: &Path) -> Result<(), OvsdbError> {
        let failed = |source| OvsdbError::Listen { path: path.to_owned(), source };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        let server = self.clone();
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    // A refused session is a closed stream: dropping it is all there is to do.
                    Ok((stream, _)) => drop(session::begin(server.clone(), stream)),
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) => return tracing::error!(%error, "the simulated OVSDB server stops listening"),
                }
            }
        });
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(task.abort_handle());
        Ok(())
    }

    /// The part of OVN that works behind the databases, and by which simulated nodes act.
    pub fn northd(&self) -> Northd {
        Northd::new(self.clone())
    }

    /// Lets the next `count` transactions fail with `I/O error`, with nothing done.
    pub fn refuse_next(&self, count: usize) {
        self.lock().faults.refuse = count;
    }

    /// Commits the next `count` transactions and ends their connections instead of answering: the outcome is unknown to
    /// the client.
    pub fn lose_next_answers(&self, count: usize) {
        self.lock().faults.lose_answers = count;
    }

    /// Sends everything later by `duration` of the clock's time; zero ends that.
    pub fn delay(&self, clock: Clock, duration: Duration) {
        self.lock().faults.delay = (!duration.is_zero()).then_some((clock, duration));
    }

    /// Ends all sessions at once; clients may come back.
    pub fn disconnect_all(&self) {
        self.lock().disconnect_all();
    }

    /// Whether new sessions are accepted; `false` also ends those that are there.
    pub fn set_reachable(&self, reachable: bool) {
        let mut state = self.lock();
        state.faults.unreachable = !reachable;
        if !reachable {
            state.disconnect_all();
        }
    }

    /// Ends all sessions and listeners and gives back the files. What was committed is there for the next
    /// [`Self::open`].
    pub fn close(&self) {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|task| task.abort());
        let mut state = self.lock();
        state.faults.unreachable = true;
        state.disconnect_all();
        state.close_journals();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
