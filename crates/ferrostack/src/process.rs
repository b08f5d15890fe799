//! A process that runs services: it holds the state folder, listens for signals, answers on the control socket, and
//! says when it is ready.

use std::{io::Write, sync::Arc};

use ferrostack_base::{Clock, Timestamp};
use ferrostack_config::Settings;
use ferrostack_words::Words;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    control::{self, About, Control},
    error::CommandError,
    exit::Exit,
    isolation::Isolation,
    state_dir::StateDir,
    tell,
};

/// What runs in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All services, and this machine as their node, with real engines.
    AllInOne,
    /// All services, and simulated nodes.
    Simulated,
    /// All services; nodes are processes of their own.
    Controller,
    /// A node, and no services.
    Agent,
}

impl Role {
    /// Whether this machine becomes a node with real engines.
    pub fn has_node(self) -> bool {
        matches!(self, Self::AllInOne | Self::Agent)
    }

    /// The name in `status`, the same in every language: it is the command's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllInOne => "up",
            Self::Simulated => "up --simulated",
            Self::Controller => "controller",
            Self::Agent => "agent",
        }
    }
}

/// The process, as the cloud in it sees it. Clones are the same process.
#[derive(Clone)]
pub struct Process(Arc<Inner>);

struct Inner {
    words: Words,
    role: Role,
    nodes: u32,
    url: String,
    state_dir: StateDir,
    started: Timestamp,
    stop: watch::Receiver<bool>,
    isolation: Option<Isolation>,
}

impl Process {
    /// Takes the state folder (for a node, that of the node: a controller may run beside it) and begins to listen for SIGTERM and Ctrl-C. A second one ends the process at once.
    ///
    /// # Errors
    /// As [`StateDir::take`]; [`CommandError::System`].
    pub fn begin(
        settings: &Settings,
        role: Role,
        words: Words,
        isolation: Option<Isolation>,
    ) -> Result<Self, CommandError> {
        let started = Clock::system().now();
        let dir = if role == Role::Agent { &settings.agent.dir } else { &settings.state.dir };
        let state_dir = StateDir::take(dir)?;
        let stop = listen_for_signals(words)?;
        let url = match role {
            Role::Agent => settings.agent.listen.to_string(),
            _ => settings.api.public_url.to_string(),
        };
        let nodes = settings.simulated.nodes;
        Ok(Self(Arc::new(Inner { words, role, nodes, url, state_dir, started, stop, isolation })))
    }

    /// What runs here.
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// The namespaces that it lives in, if they are its own.
    pub fn isolated(&self) -> Option<&Isolation> {
        self.0.isolation.as_ref()
    }

    /// The name of this controller among all that share its database.
    pub fn node(&self) -> &str {
        self.0.state_dir.node()
    }

    /// Ready when the process is to stop; each call gives a future of its own.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.0.stop.clone();
        async move {
            // The sender is gone only when the runtime ends, which is a stop, too.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }

    /// Answers `status` and `audit` on the control socket from now on.
    ///
    /// # Errors
    /// [`CommandError::Path`]
    pub fn offer(&self, control: Arc<dyn Control>) -> Result<(), CommandError> {
        let about = About {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            role: self.0.role.as_str().to_owned(),
            url: self.0.url.clone(),
            started: Some(self.0.started),
        };
        control::serve(self.0.state_dir.path(), about, control)
    }

    /// Says that every API answers: the line `ready` on standard output for programs, the rest for people.
    pub fn ready(&self) {
        let Inner { words, role, nodes, url, state_dir, started, .. } = &*self.0;
        let seconds = format!("{:.2}", Clock::system().now().since(*started).as_secs_f64());
        tell(&words.get("cli.up.ready", &[("url", url), ("seconds", &seconds)]));
        if *role == Role::Simulated {
            tell(&words.get("cli.up.nodes", &[("count", nodes)]));
        }
        let clouds = state_dir.path().join("clouds.yaml");
        if clouds.exists() {
            tell(&words.get("cli.up.credentials", &[("path", &clouds.display())]));
        }
        self.say_ready();
    }

    /// Says that a controller knows the node.
    pub fn node_ready(&self, name: &str, controller: &str) {
        let Inner { words, started, .. } = &*self.0;
        let seconds = format!("{:.2}", Clock::system().now().since(*started).as_secs_f64());
        tell(&words.get("cli.agent.ready", &[("name", &name), ("controller", &controller), ("seconds", &seconds)]));
        self.say_ready();
    }

    fn say_ready(&self) {
        tell(&self.0.words.text("cli.up.how_to_stop"));
        // Whoever started us and listens no more need not know.
        let _ = writeln!(std::io::stdout(), "ready").and_then(|()| std::io::stdout().flush());
    }
}

fn listen_for_signals(words: Words) -> Result<watch::Receiver<bool>, CommandError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CommandError::System)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CommandError::System)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if sender.send_replace(true) {
                std::process::exit(Exit::Found as i32);
            }
            tell(&words.text("cli.up.stopping"));
        }
    });
    Ok(receiver)
}
