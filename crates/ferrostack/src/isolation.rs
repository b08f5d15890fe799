//! A cloud in namespaces of its own (`--isolate NAME`), beside others on the machine.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Mutex, PoisonError},
};

use ferrostack_config::Settings;
use ferrostack_daemons::{
    DaemonError,
    isolate::{IsolateOptions, enter},
};

/// This process is inside. What it needs of the outside is the port on which the host's clients call.
#[derive(Debug)]
pub struct Isolation {
    outside: Mutex<Option<TcpListener>>,
}

impl Isolation {
    /// Moves the process into the namespaces, which are made where they are missing. The port `outside` is opened
    /// before, so that the host's clients reach the APIs at the same address as those inside.
    ///
    /// # Errors
    /// As [`enter`]; it must be called before any thread is started.
    pub fn enter(settings: &Settings, name: &str, outside: Option<SocketAddr>) -> Result<Self, DaemonError> {
        let isolated = enter(&IsolateOptions {
            state_dir: settings.state.dir.clone(),
            name: name.to_owned(),
            hostname: None,
            listen: outside.into_iter().collect(),
        })?;
        Ok(Self { outside: Mutex::new(isolated.listeners.into_iter().next()) })
    }

    /// The port that the host's clients call; once.
    pub fn take_listener(&self) -> Option<TcpListener> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
