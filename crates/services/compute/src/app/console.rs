//! What a server's guest writes on its console.

use ferrostack_agent_api::AgentErrorKind;

use crate::{Compute, ComputeError, model::Server};

impl Compute {
    /// The last `lines` lines of the console, or all that the node keeps.
    ///
    /// # Errors
    /// 409 while the server is on no host, 503 when that does not answer.
    pub(crate) async fn console_log(&self, server: &Server, lines: Option<usize>) -> Result<String, ComputeError> {
        let Some(host) = &server.host else {
            return Err(ComputeError::conflict(format!("Server {} is not ready: it is on no host yet.", server.id)));
        };
        let silent = || ComputeError::NodeSilent { host: host.clone() };
        let agent = self.agent(host).map_err(|_| silent())?;
        match self.within(self.options().agent_patience, agent.console_log(server.id.0, lines)).await {
            Ok(text) => Ok(text),
            Err(error) if error.kind == AgentErrorKind::NotFound => {
                Err(ComputeError::conflict(format!("Server {} has no console on host {host}.", server.id)))
            }
            Err(error) => {
                tracing::warn!(host, server = %server.id, reason = error.message, "no console log");
                Err(silent())
            }
        }
    }
}
