//! Deletes a server.
//!
//! # Theory of operation
//! Forward only: it is tried until all is gone. It may be accepted at any moment and overtakes whatever runs; only one
//! deletion runs per server. Accepting it froze the overtaken operation's log and raised the fence, so from then on no
//! host makes anything for that operation any more.
//!
//! The domain may be on the server's host, or, when a build was overtaken, on any host that the build had claimed
//! (`find_hosts` reads them from the log). Each is told to drop it; a node that does not answer owes it
//! (`cleanup_debt`). Then ports and claim are given up. The last transaction marks the row as deleted and gives the quota
//! back.
//!
//! *What a second run of each step finds.* Nothing there, which is fine.

use ferrostack_base::Fence;
use ferrostack_db::{DbError, Tx};
use ferrostack_saga::{Failure, Operation, OperationId, StepRecord, Steps, store::steps};
use serde::{Deserialize, Serialize};

use super::{from_contract, load};
use crate::{
    Compute,
    app::settling::settle,
    model::{ServerId, Stage},
    store,
};

/// The parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteServer {
    /// The server.
    pub server: ServerId,
    /// The operation that this one ended.
    pub overtaken: Option<OperationId>,
}

impl Operation for DeleteServer {
    const KIND: &'static str = "delete_server";
    const VERSION: i64 = 1;
    const FORWARD_ONLY: bool = true;
    const SUPERSEDES: bool = true;
    type World = Compute;

    async fn run(&self, op: &mut Steps, compute: &Compute) -> Result<(), Failure> {
        // Its host can't change any more: who could have changed it is overtaken.
        let server = &load(compute, self.server).await?;
        let mut hosts: Vec<String> = server.host.iter().cloned().collect();
        if let Some(overtaken) = self.overtaken {
            let more: Vec<String> = op.step("find_hosts", || claimed_hosts(compute, overtaken)).await?;
            hosts.extend(more.into_iter().filter(|host| Some(host) != server.host.as_ref()));
        }
        let fence = op.fence();
        for host in &hosts {
            op.enter(host);
            op.step("drop_domain", || compute.drop_domain(host, self.server, fence)).await?;
            op.leave();
        }
        if !server.nics.is_empty() {
            let owned = &server.owned_ports();
            op.step("release_ports", || async move {
                compute.network().release(self.server.0, owned).await.map_err(from_contract)
            })
            .await?;
        }
        op.step("release_claim", || async { compute.placement().release(self.server.0).await.map_err(from_contract) })
            .await?;
        op.finish(|tx| async move { bury(&tx, compute, self.server).await }).await
    }

    async fn undo(&self, _: &StepRecord, _: Fence, _: &Compute) -> Result<(), Failure> {
        Err(Failure::new("a deletion is never undone"))
    }

    async fn failed(&self, _: &Tx, _: &Compute, _: &Failure) -> Result<(), DbError> {
        Ok(())
    }
}

/// The hosts that the overtaken operation may have told to make a domain.
async fn claimed_hosts(compute: &Compute, overtaken: OperationId) -> Result<Vec<String>, Failure> {
    let mut hosts = Vec::new();
    for record in steps(compute.db(), overtaken).await? {
        if let Some(host) = record.scope().filter(|host| !hosts.iter().any(|known| known == host)) {
            hosts.push(host.to_owned());
        }
    }
    Ok(hosts)
}

async fn bury(tx: &Tx, compute: &Compute, id: ServerId) -> Result<(), DbError> {
    ferrostack_quota::give_back(tx, &id.to_string()).await?;
    let Some(mut server) = store::server::lock(tx, id).await? else { return Ok(()) };
    let now = compute.now();
    store::domain::delete(tx, id).await?;
    store::console_token::delete_of_server(tx, id).await?;
    store::server_password::delete(tx, id).await?;
    server.stage = Stage::Deleted;
    server.operation = None;
    server.deleted = true;
    server.terminated = Some(now);
    settle(tx, &mut server, now).await
}
