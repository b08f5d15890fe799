//! Gives a running guest its network back after somebody has removed its tap.
//!
//! QEMU keeps the device that is gone open, and never looks at a new one of that name. So the guest's memory is saved and
//! restored: its new process opens the new device, and the guest, which stood still for a moment, does not notice. A mark
//! in the ledger comes first: a guest that is found saved, with the mark, is off because of this, and goes on.

use uuid::Uuid;

use crate::{error::NodeError, ledger::Record, node::Node};

impl Node {
    /// Makes the lost taps of a running guest anew, and lets its process open them. Only by the one whose turn it is.
    pub(crate) async fn reseat(&self, record: &Record) -> Result<(), NodeError> {
        let server = record.spec.server;
        tracing::warn!(%server, "a tap of the running guest is gone; it gets a new one");
        self.mark_reseat(server, true).await?;
        self.network.plug(server, record.fence, &record.spec.interfaces).await?;
        match self.domains.save(server).await {
            Ok(()) => self.go_on(record).await,
            // The mark is for the next round.
            Err(error) if error.is_away() => Err(error),
            // It runs as before: without room for its memory, say.
            Err(error) => {
                let error = ferrostack_base::chain(&error).to_string();
                tracing::error!(%server, error, "the guest can't be given its new tap; a hard reboot would do");
                self.mark_reseat(server, false).await
            }
        }
    }

    /// Starts a guest that was saved for this.
    pub(crate) async fn go_on(&self, record: &Record) -> Result<(), NodeError> {
        let server = record.spec.server;
        self.network.plug(server, record.fence, &record.spec.interfaces).await?;
        self.domains.create(server).await?;
        self.mark_reseat(server, false).await?;
        self.look(server).await.map(drop)
    }

    /// Remembers that the guest's process must open its taps again; or that it has.
    pub(crate) async fn mark_reseat(&self, server: Uuid, needed: bool) -> Result<(), NodeError> {
        let mark = move |record: &mut Record| {
            record.reseat = needed;
            Ok(())
        };
        self.ledger.change_record(server, mark).await
    }
}
