//! Removes a domain and all that belongs to it.

use std::sync::Arc;

use ferrostack_base::Fence;
use uuid::Uuid;

use crate::{
    error::NodeError,
    ledger::{Entry, Tombstone},
    node::Node,
};

impl Node {
    /// Writes the tombstone, then cleans up. What was under way for the server stops by itself.
    pub(crate) async fn drop_domain(self: Arc<Self>, server: Uuid, fence: Fence) -> Result<(), NodeError> {
        let now = self.clock.now();
        tracing::debug!(%server, %fence, "a domain is dropped");
        let bury = move |before: Option<&Entry>| {
            let tombstone = Entry::dropped(before, server, fence, now)?;
            Ok((Some(Entry::Gone(tombstone)), ()))
        };
        self.ledger.change(server, bury).await?;
        self.finish_drop(server).await
    }

    /// Cleans up what a dropped server left; a server that was made anew meanwhile is left alone.
    pub(crate) async fn finish_drop(&self, server: Uuid) -> Result<(), NodeError> {
        let _turn = self.turn(server).await;
        let Some(Entry::Gone(tombstone)) = self.ledger.entry(server) else { return Ok(()) };
        self.clean_up(server, &tombstone).await?;
        let cleaned = move |entry: Option<&Entry>| match entry {
            Some(Entry::Gone(gone)) if gone.fence == tombstone.fence => {
                Ok((Some(Entry::Gone(Tombstone { cleaned: true, ports: Vec::new(), ..gone.clone() })), ()))
            }
            _ => Ok((None, ())),
        };
        self.ledger.change(server, cleaned).await
    }

    /// Removes all that a dropped server may have left. Only by the one whose turn it is.
    pub(crate) async fn clean_up(&self, server: Uuid, tombstone: &Tombstone) -> Result<(), NodeError> {
        self.domains.remove(server).await?;
        self.network.unplug(server, &tombstone.ports).await?;
        self.disks.remove(server).await?;
        self.services.end_unused(&self.ledger.records()).await
    }
}
