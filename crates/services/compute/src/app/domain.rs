//! What a node is told of a server's domain.

use base64::{Engine, prelude::BASE64_STANDARD};
use ferrostack_agent_api::{DomainSpec, GuestFile};
use ferrostack_saga::Failure;

use crate::{
    Compute, ComputeError,
    model::{DomainChange, Server},
    sagas::from_contract,
    wire::guest_metadata::GuestTree,
};

/// A day: whoever owns an image must not keep an operation waiting for ever.
const LONGEST_SHUTDOWN_S: u64 = 24 * 3600;

impl Compute {
    /// All that the node is told. Made anew it is the same, unless what the user wants changed in between.
    pub(crate) async fn domain_spec(&self, server: &Server, change: DomainChange<'_>) -> Result<DomainSpec, Failure> {
        let mut spec = server.domain_spec(change);
        spec.shutdown_timeout_s = self.shutdown_timeout_s(server);
        if server.config_drive {
            let facts = self.guest_facts(server, change.ports, Some(change.host)).await.map_err(gathering_failed)?;
            let seed = self.lasting_seed(server.id);
            let files = GuestTree::new(&facts, seed.as_deref()).drive();
            let file = |(path, content)| GuestFile { path, content: BASE64_STANDARD.encode::<Vec<u8>>(content).into() };
            spec.config_drive = Some(files.into_iter().map(file).collect());
        }
        Ok(spec)
    }

    /// How long the guest may take to shut down: its image may say so, within reason.
    pub(crate) fn shutdown_timeout_s(&self, server: &Server) -> u64 {
        let of_image = server.property("os_shutdown_timeout").and_then(|text| text.parse().ok());
        of_image.unwrap_or(self.options().shutdown_timeout.as_secs()).min(LONGEST_SHUTDOWN_S)
    }
}

fn gathering_failed(error: ComputeError) -> Failure {
    match error {
        ComputeError::Neighbour(error) => from_contract(error),
        ComputeError::Db(error) => error.into(),
        other => Failure::new(ferrostack_base::chain(&other).to_string()),
    }
}
