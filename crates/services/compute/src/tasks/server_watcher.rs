//! Takes over what nodes report: a guest that powered itself off, or was destroyed by hand, becomes SHUTOFF.
//!
//! A silent node says nothing about its servers, so they stay as they were seen last (R9). A report that is older than what
//! an operation wrote meanwhile is recognised by its fence, its generation and its time, and left alone.

use std::collections::HashMap;

use ferrostack_agent_api::Power;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Said, domains_of, said};
use crate::{
    Compute, ComputeError,
    app::settling::settle,
    model::{Domain, ServerId, Stage},
    store,
};

/// So many nodes are asked at once.
const AT_ONCE: usize = 32;

pub(super) async fn run(compute: &Compute) -> Said {
    // A silent node must not keep the others waiting.
    let nodes = store::node::list(compute.db()).await?;
    let watches = nodes.into_iter().map(|node| async move { watch(compute, &node.name).await });
    let changed: Vec<usize> = stream::iter(watches).buffer_unordered(AT_ONCE).try_collect().await?;
    let changed = changed.into_iter().sum();
    said(changed, "servers changed by themselves")
}

async fn watch(compute: &Compute, node: &str) -> Result<usize, ComputeError> {
    // Rows first, the node afterwards: what is missing in its answer is missing now.
    let known = store::domain::list_on_host(compute.db(), node).await?;
    let Some(reports) = domains_of(compute, node).await else { return Ok(0) };
    let reports: HashMap<ServerId, Domain> =
        reports.iter().map(|report| (ServerId(report.server), Domain::reported(report, node))).collect();
    let mut changed = 0;
    for known in &known {
        let is = match reports.get(&known.server) {
            Some(is) => is.clone(),
            // Someone removed it by hand.
            None => Domain { power: Power::Shutdown, ..known.clone() },
        };
        if is_news(&is, Some(known)) {
            changed += usize::from(take_over(compute, &is).await?);
        }
    }
    Ok(changed)
}

fn is_news(is: &Domain, known: Option<&Domain>) -> bool {
    known.is_none_or(|known| {
        (is.power != known.power || is.generation != known.generation)
            && is.fence >= known.fence
            && is.generation >= known.generation
            && is.since >= known.since
    })
}

async fn take_over(compute: &Compute, is: &Domain) -> Result<bool, ComputeError> {
    compute
        .db()
        .tx(|tx| async move {
            let Some(mut server) = store::server::lock(&tx, is.server).await? else { return Ok(false) };
            let known = store::domain::get(&tx, is.server).await?;
            // An operation writes itself what it finds.
            let busy = server.operation.is_some() || server.stage != Stage::Built;
            if busy || server.host.as_ref() != Some(&is.host) || !is_news(is, known.as_ref()) {
                return Ok(false);
            }
            store::domain::put(&tx, is).await?;
            settle(&tx, &mut server, compute.now()).await?;
            tracing::info!(server = %is.server, node = is.host, power = ?is.power, "the domain changed by itself");
            Ok(true)
        })
        .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ferrostack_base::{Fence, Generation, Timestamp};

    use super::*;

    fn domain(fence: i64, generation: i64, power: Power, second: u64) -> Domain {
        Domain {
            server: ServerId(uuid::Uuid::nil()),
            host: "a".to_owned(),
            fence: Fence(fence),
            generation: Generation(generation),
            power,
            since: Timestamp::from_secs(0) + Duration::from_secs(second),
        }
    }

    #[test]
    fn only_newer_reports_are_news() {
        let known = domain(2, 3, Power::Running, 10);
        let news = |is: &Domain| is_news(is, Some(&known));
        assert!(news(&domain(2, 3, Power::Shutdown, 11)));
        assert!(!news(&domain(2, 3, Power::Running, 10)), "nothing changed");
        assert!(!news(&domain(2, 2, Power::Shutdown, 11)), "of a generation before");
        assert!(!news(&domain(1, 3, Power::Shutdown, 11)), "of an operation before");
        assert!(!news(&domain(2, 3, Power::Shutdown, 9)), "asked before the last change");
        assert!(is_news(&domain(1, 1, Power::Running, 1), None));
    }
}
