//! Writes a server's row with the state that follows from it.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, Tx};

use crate::{
    model::{Server, Stage, derive},
    store,
};

/// Computes the state anew and writes what operations change. The row was locked in this transaction, or made by it.
pub(crate) async fn settle(tx: &Tx, server: &mut Server, now: Timestamp) -> Result<(), DbError> {
    // A server that was never built has no domain.
    let observed = match server.stage {
        Stage::Built | Stage::Failed => store::domain::get(tx, server.id).await?,
        Stage::Building | Stage::Deleted => None,
    };
    server.state = derive(server.wish(), observed.map(|domain| domain.power));
    server.updated = now;
    store::server::update_state(tx, server).await
}
