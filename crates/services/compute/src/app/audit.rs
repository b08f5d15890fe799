//! Lists what the reconcilers would repair, and what only an operator can judge; repairs nothing.

use crate::{
    Compute, ComputeError,
    model::Task,
    tasks::{
        allocation_checker, orphan_domain_remover, port_checker, quota_recounter, status_checker,
        transitional_owner_checker,
    },
};

impl Compute {
    /// All discrepancies between servers, operations, allocations, ports, domains and quota, in words. What a live
    /// operation has under way is none.
    ///
    /// # Errors
    /// What the database or a neighbour says.
    pub async fn audit(&self) -> Result<Vec<String>, ComputeError> {
        let mut all = Vec::new();
        for server in transitional_owner_checker::find(self).await? {
            let task = server.task().map_or("built", Task::as_str);
            all.push(format!(
                "server {} is {} ({task}), but no operation is live",
                server.id,
                server.state.status.as_str()
            ));
        }
        for server in status_checker::find(self).await? {
            all.push(format!(
                "server {} is stored as {:?}, which does not follow from its records",
                server.id, server.state
            ));
        }
        for orphan in orphan_domain_remover::find(self).await? {
            all.push(format!("node {} has a domain of server {}: {}", orphan.node, orphan.server, orphan.why));
        }
        for wrong in allocation_checker::find(self).await? {
            all.push(match wrong {
                allocation_checker::Wrong::Leaked { node, server } => {
                    format!("server {} holds an allocation of node {node}, where it is not", server.id)
                }
                allocation_checker::Wrong::Missing { node, server } => {
                    format!("server {} is on node {node} without an allocation", server.id)
                }
            });
        }
        for wrong in port_checker::find(self).await? {
            all.push(match wrong {
                port_checker::Wrong::Leaked { port, server } => {
                    format!("port {port} belongs to server {}, which is {}", server.id, server.state.status.as_str())
                }
                port_checker::Wrong::Astray { port, server, bound } => {
                    format!("port {port} is bound to {bound:?}, its server {} is on {:?}", server.id, server.host)
                }
            });
        }
        for (node, consumer) in allocation_checker::unknown(self).await? {
            all.push(format!("{consumer} holds an allocation of node {node}, but no server has that id"));
        }
        for (port, device) in port_checker::unknown(self).await? {
            all.push(format!("port {port} belongs to server {device}, which has no record"));
        }
        all.extend(quota_recounter::find(self).await?);
        Ok(all)
    }
}
