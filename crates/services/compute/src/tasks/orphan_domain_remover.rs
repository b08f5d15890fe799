//! Removes domains that no server wants: of deleted servers, of servers that are elsewhere, and of none at all. With the
//! fence that the domain has, so that whatever happens to the server meanwhile prevails.

use std::collections::HashMap;

use ferrostack_base::Fence;
use ferrostack_saga::store::busy_resources;
use uuid::Uuid;

use super::{Said, domains_of, said};
use crate::{Compute, ComputeError, model::ServerId, store};

/// A domain that should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub node: String,
    pub server: Uuid,
    pub fence: Fence,
    pub why: &'static str,
}

pub(super) async fn run(compute: &Compute) -> Said {
    let mut removed = 0;
    for orphan in find(compute).await? {
        let Ok(agent) = compute.agent(&orphan.node) else { continue };
        tracing::warn!(node = orphan.node, server = %orphan.server, why = orphan.why, "removing an orphan domain");
        let gone =
            compute.within(compute.options().agent_patience, agent.drop_domain(orphan.server, orphan.fence)).await;
        removed += usize::from(gone.is_ok());
    }
    said(removed, "orphan domains removed")
}

/// Domains first, rows and operations afterwards: a domain is made only while its server has a live operation.
pub(crate) async fn find(compute: &Compute) -> Result<Vec<Orphan>, ComputeError> {
    let mut orphans = Vec::new();
    for node in store::node::list(compute.db()).await? {
        let Some(reports) = domains_of(compute, &node.name).await else { continue };
        let ids: Vec<ServerId> = reports.iter().map(|report| ServerId(report.server)).collect();
        let busy = busy_resources(compute.db(), "server").await?;
        let rows = store::server::list_by_ids(compute.db(), &ids).await?;
        let rows: HashMap<Uuid, _> = rows.into_iter().map(|server| (server.id.0, server)).collect();
        for report in reports {
            let why = match rows.get(&report.server) {
                _ if busy.contains(&report.server.to_string()) => continue,
                None => "there is no such server",
                Some(server) if server.deleted => "the server is deleted",
                Some(server) if server.operation.is_some() || server.host.as_ref() == Some(&node.name) => continue,
                Some(_) => "the server is not on this node",
            };
            orphans.push(Orphan { node: node.name.clone(), server: report.server, fence: report.fence, why });
        }
    }
    Ok(orphans)
}
