//! What a server's guest writes on its console, and how its user gets to its screen and its serial port.
//!
//! # Theory of operation
//! Who may use a console gets an address with a random token in it. The database keeps the token's hash with the server,
//! the host, the kind of console and a time limit, so any controller can open it, and nobody who reads the database can.
//! Opening it asks the agent of that host for the stream; from then on bytes are passed until the client, the guest or
//! the server is gone. An open console outlives its token, but not the server's stay on that host.

use std::time::Duration;

use ferrostack_agent_api::{AgentError, AgentErrorKind, ByteStream, ConsoleKind};
use rand::RngCore;
use sha2::{Digest, Sha256};

use crate::{
    Compute, ComputeError,
    model::{ConsoleToken, PowerState, Server, ServerId},
    store,
};

/// How often an open console looks whether its server is still there.
const LOOK: Duration = Duration::from_secs(2);

/// An open console.
pub(crate) struct OpenConsole {
    pub server: ServerId,
    pub host: String,
    pub stream: Box<dyn ByteStream>,
}

impl Compute {
    /// The last `lines` lines of the console, or all that the node keeps.
    ///
    /// # Errors
    /// 409 while the server is on no host, 503 when that does not answer.
    pub(crate) async fn console_log(&self, server: &Server, lines: Option<usize>) -> Result<String, ComputeError> {
        let host = host_of(server)?;
        let agent = self.agent(host).map_err(|error| no_console(server.id, host, error))?;
        let log = self.within(self.options().agent_patience, agent.console_log(server.id.0, lines)).await;
        log.map_err(|error| no_console(server.id, host, error))
    }

    /// A token with which that console of the server can be opened for a while.
    ///
    /// # Errors
    /// 409 while the server does not run.
    pub(crate) async fn console_token(&self, server: &Server, kind: ConsoleKind) -> Result<String, ComputeError> {
        let host = host_of(server)?;
        if !matches!(server.state.power_state, PowerState::Running | PowerState::Paused) {
            return Err(ComputeError::conflict(format!("Server {} has no console while it is off.", server.id)));
        }
        let mut random = [0; 32];
        rand::rng().fill_bytes(&mut random);
        let text = hex::encode(random);
        let token = ConsoleToken {
            hash: hash(&text),
            server: server.id,
            host: host.to_owned(),
            kind,
            expires: self.now() + self.options().console_token_ttl,
        };
        let token = &token;
        self.db().tx(|tx| async move { store::console_token::insert(&tx, token).await }).await?;
        Ok(text)
    }

    /// What that token opens now; 404 for any other text.
    pub(crate) async fn find_console_token(&self, token: &str) -> Result<ConsoleToken, ComputeError> {
        let found = store::console_token::find(self.db(), &hash(token), self.now()).await?;
        // The text is a secret, even when it is wrong.
        found.ok_or_else(|| ComputeError::not_found("Console token", "***"))
    }

    /// Opens the console that the token is for.
    ///
    /// # Errors
    /// 404 when the token is none, has lapsed, is for another kind of console, or its server is gone or elsewhere; 409 when
    /// the server is off, 503 when its host does not answer.
    pub(crate) async fn open_console(&self, token: &str, kind: ConsoleKind) -> Result<OpenConsole, ComputeError> {
        let ConsoleToken { server, host, kind: allowed, .. } = self.find_console_token(token).await?;
        if kind != allowed {
            return Err(ComputeError::not_found("Console token", "***"));
        }
        let agent = self.agent(&host).map_err(|error| no_console(server, &host, error))?;
        let stream = self.within(self.options().agent_patience, agent.open_console(server.0, kind)).await;
        let stream = stream.map_err(|error| no_console(server, &host, error))?;
        tracing::info!(%server, host, ?kind, "a console was opened");
        Ok(OpenConsole { server, host, stream })
    }

    /// Waits until the server is gone from that host; returns what happened.
    pub(crate) async fn console_ended(&self, server: ServerId, host: &str) -> &'static str {
        loop {
            self.clock().sleep(LOOK).await;
            match store::server::host_of(self.db(), server).await {
                Ok(None) => return "the server is deleted",
                Ok(Some(now)) if now.as_deref() != Some(host) => return "the server is elsewhere",
                // What can't be found out now will be found out later.
                Ok(Some(_)) | Err(_) => {}
            }
        }
    }
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

fn host_of(server: &Server) -> Result<&str, ComputeError> {
    let not_ready = || ComputeError::conflict(format!("Server {} is not ready: it is on no host yet.", server.id));
    server.host.as_deref().ok_or_else(not_ready)
}

fn no_console(server: ServerId, host: &str, error: AgentError) -> ComputeError {
    tracing::warn!(host, %server, reason = error.message, "no console");
    match error.kind {
        AgentErrorKind::NotFound | AgentErrorKind::Fenced => {
            ComputeError::conflict(format!("Server {server} has no console on host {host}."))
        }
        AgentErrorKind::Refused => {
            ComputeError::conflict(format!("The console of server {server} can't be opened now."))
        }
        AgentErrorKind::Unreachable => ComputeError::NodeSilent { host: host.to_owned() },
    }
}
