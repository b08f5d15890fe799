//! What keeps a command from doing its work. The texts for people are made of it in [`crate::report`].

use std::{io, path::PathBuf};

use ferrostack_config::ConfigError;
use ferrostack_db::DbError;
use ferrostack_observe::LogError;

/// A command cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The settings file, or an option that sets one of its settings.
    #[error("the settings are refused")]
    Settings(#[from] ConfigError),
    /// Engines need root.
    #[error("the engines need root")]
    NotRoot,
    /// There is no CA that could make a certificate.
    #[error("there is no CA in {dir:?}")]
    NoAuthority {
        /// The CA's folder.
        dir: PathBuf,
    },
    /// A node has no certificate.
    #[error("there is no certificate of the node {node} in {dir:?}")]
    NoBundle {
        /// The folder.
        dir: PathBuf,
        /// The node's name.
        node: String,
    },
    /// A node has the certificate of another one.
    #[error("the certificate in {dir:?} is that of {holder}, and this machine is {node}")]
    OtherNode {
        /// The folder.
        dir: PathBuf,
        /// Whose it is.
        holder: String,
        /// The node's name.
        node: String,
    },
    /// A folder has the certificate of somebody else, which must not be replaced.
    #[error("{dir:?} has the certificate of {holder}")]
    OtherHolder {
        /// The folder.
        dir: PathBuf,
        /// Whose it is.
        holder: String,
    },
    /// The log cannot be set up.
    #[error("the log cannot be set up")]
    Log(#[from] LogError),
    /// The runtime, or a handler of signals, cannot be set up.
    #[error("the system refuses what every process needs")]
    System(#[source] io::Error),
    /// Another process holds the state folder.
    #[error("another process uses {dir:?}")]
    AlreadyRunning {
        /// The state folder.
        dir: PathBuf,
        /// The process that said so in the lock file.
        pid: Option<u32>,
    },
    /// No process holds the state folder, or it does not listen.
    #[error("no process uses {dir:?}")]
    NotRunning {
        /// The state folder.
        dir: PathBuf,
    },
    /// The process that holds the state folder does not answer, or not in a way that this version understands.
    #[error("the process that uses {dir:?} gives no answer: {reason}")]
    NoAnswer {
        /// The state folder.
        dir: PathBuf,
        /// What came instead.
        reason: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot use {path:?}")]
    Path {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file of SQLite is not there.
    #[error("there is no database {path:?}")]
    NoDatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file of SQLite cannot be used.
    #[error("the database file {path:?} cannot be used")]
    DatabaseFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DbError,
    },
    /// The database server cannot be used.
    #[error("the database {url} cannot be used")]
    DatabaseServer {
        /// Its address without the password.
        url: String,
        /// Why; `None` when it gave no answer in time.
        #[source]
        source: Option<DbError>,
    },
    /// The tables are older than this program.
    #[error("the tables of {component} are of version {found}, this program needs {known}")]
    OlderSchema {
        /// Whose tables.
        component: String,
        /// Version in the database.
        found: i64,
        /// Version of this program.
        known: i64,
    },
}
