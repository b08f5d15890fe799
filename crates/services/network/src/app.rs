//! The rules. What can be checked by reading is read first; then comes one short transaction that holds also when
//! another one runs beside it: by keys and references of the tables, by locking the network's, router's or group's row
//! first where several rows must fit together, and by compare-and-set on revisions.

pub(crate) mod access;
pub(crate) mod address;
pub(crate) mod cidr;
pub(crate) mod floating_ip;
pub(crate) mod mac;
pub(crate) mod metadata_port;
pub(crate) mod network;
pub(crate) mod port;
pub(crate) mod public_network;
pub(crate) mod quota;
pub(crate) mod router;
pub(crate) mod router_interface;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod segment;
pub(crate) mod subnet;
pub(crate) mod tag;

use ferrostack_db::Tx;

use crate::{
    Network,
    error::NetworkError,
    store::sync::{self, Changed},
};

/// Runs an attempt again while another writer gets between its reading and its writing.
macro_rules! retry {
    ($attempt:expr) => {{
        let mut left = 20;
        loop {
            match $attempt.await {
                Err(error) if $crate::app::is_raced(&error) && left > 0 => left -= 1,
                other => break other,
            }
        }
    }};
}
pub(crate) use retry;

pub(crate) fn is_raced(error: &NetworkError) -> bool {
    error.is_raced()
}

impl Network {
    /// Queues changed resources for OVN, within the transaction that changes them.
    pub(crate) async fn enqueue(&self, tx: &Tx, changed: &[Changed]) -> Result<(), NetworkError> {
        sync::insert(tx, changed).await?;
        let wake = self.wakeup().clone();
        tx.after_commit(move || wake.notify_one());
        Ok(())
    }
}
