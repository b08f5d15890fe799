//! Allocations in placement against servers: what a server that is gone still holds is released, what one that is there
//! lacks is claimed. Consumers that are no servers of ours are left alone: placement has other users too.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Said, said};
use crate::{
    Compute, ComputeError,
    model::{ComputeNode, Server, ServerId, Stage},
    store,
};

/// An allocation that is not as it should be.
#[derive(Debug, Clone)]
pub(crate) enum Wrong {
    /// The server holds resources of a node that it is not on.
    Leaked { node: String, server: Box<Server> },
    /// The server holds nothing of the node that it is on.
    Missing { node: String, server: Box<Server> },
}

pub(super) async fn run(compute: &Compute) -> Said {
    let suspects: HashSet<(String, ServerId)> = find(compute).await?.iter().map(Wrong::key).collect();
    if suspects.is_empty() {
        return said(0, "");
    }
    let mut repaired = 0;
    // Looked at again, now that the suspects' operations, if they just ended, are over for sure.
    for wrong in find(compute).await?.into_iter().filter(|wrong| suspects.contains(&wrong.key())) {
        let (Wrong::Leaked { node, server } | Wrong::Missing { node, server }) = &wrong;
        tracing::warn!(node, server = %server.id, ?wrong, "repairing an allocation");
        match &server.host {
            // A claim takes the place of whatever the server had.
            Some(host) => {
                let Some(provider) = store::node::find(compute.db(), host).await? else { continue };
                let resources = server.flavor.resources();
                let claim = compute.placement().claim(
                    server.id.0,
                    provider.id,
                    &resources,
                    &server.project_id,
                    &server.user_id,
                );
                if let Err(error) = claim.await {
                    tracing::error!(server = %server.id, host, %error, "a server runs without an allocation");
                    continue;
                }
            }
            None => compute.placement().release(server.id.0).await?,
        }
        repaired += 1;
    }
    said(repaired, "allocations repaired")
}

/// Allocations of nodes' resources whose consumer is no server that has a record. It may be another user of placement, so
/// they are only reported: the node and the consumer.
pub(crate) async fn unknown(compute: &Compute) -> Result<Vec<(String, Uuid)>, ComputeError> {
    let mut all = Vec::new();
    for node in store::node::list(compute.db()).await? {
        let consumers = compute.placement().consumers(node.id).await?;
        let ids: Vec<ServerId> = consumers.iter().map(|id| ServerId(*id)).collect();
        // Allocations first, rows afterwards: a server's row is there before its allocation is.
        let known = store::server::list_by_ids(compute.db(), &ids).await?;
        let strangers = consumers.into_iter().filter(|id| !known.iter().any(|server| server.id.0 == *id));
        all.extend(strangers.map(|consumer| (node.name.clone(), consumer)));
    }
    Ok(all)
}

impl Wrong {
    fn key(&self) -> (String, ServerId) {
        let (Self::Leaked { node, server } | Self::Missing { node, server }) = self;
        (node.clone(), server.id)
    }
}

/// Servers with a live operation are left alone.
pub(crate) async fn find(compute: &Compute) -> Result<Vec<Wrong>, ComputeError> {
    let mut all = Vec::new();
    for node in store::node::list(compute.db()).await? {
        all.extend(find_at(compute, &node).await?);
    }
    Ok(all)
}

async fn find_at(compute: &Compute, node: &ComputeNode) -> Result<Vec<Wrong>, ComputeError> {
    let here = store::server::list_on_host(compute.db(), &node.name).await?;
    let consumers: HashSet<Uuid> = compute.placement().consumers(node.id).await?.into_iter().collect();
    let strangers: Vec<ServerId> =
        consumers.iter().filter(|id| !here.iter().any(|server| server.id.0 == **id)).map(|id| ServerId(*id)).collect();
    let rows = store::server::list_by_ids(compute.db(), &strangers).await?;
    let idle = |server: &Server| server.operation.is_none() && server.stage != Stage::Building;
    let leaked = rows
        .into_iter()
        .filter(|server| idle(server) && (server.deleted || server.host.as_ref() != Some(&node.name)))
        .map(|mut server| {
            // Where a deleted server was does not count any more.
            server.host = server.host.filter(|_| !server.deleted);
            Wrong::Leaked { node: node.name.clone(), server: Box::new(server) }
        });
    let by_id: HashMap<Uuid, &Server> = here.iter().map(|server| (server.id.0, server)).collect();
    let missing = by_id
        .into_iter()
        .filter(|(id, server)| idle(server) && !consumers.contains(id))
        .map(|(_, server)| Wrong::Missing { node: node.name.clone(), server: Box::new(server.clone()) });
    Ok(leaked.chain(missing).collect())
}
