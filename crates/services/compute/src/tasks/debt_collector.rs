//! Tells nodes that were silent what they have to clean up, until they answer.

use super::{Said, said};
use crate::{Compute, store};

pub(super) async fn run(compute: &Compute) -> Said {
    let mut paid = 0;
    for debt in &store::cleanup_debt::list(compute.db()).await? {
        let Ok(agent) = compute.agent(&debt.host) else { continue };
        match compute.within(compute.options().agent_patience, agent.drop_domain(debt.server.0, debt.fence)).await {
            // A node that has seen a higher fence was told something newer, which settles this.
            Err(error) if error.kind == ferrostack_agent_api::AgentErrorKind::Fenced => {}
            Err(error) => {
                tracing::debug!(host = debt.host, server = %debt.server, reason = error.message, "the node still owes a clean-up");
                continue;
            }
            Ok(()) => {}
        }
        compute.db().tx(|tx| async move { store::cleanup_debt::delete(&tx, debt).await }).await?;
        paid += 1;
    }
    said(paid, "debts paid")
}
