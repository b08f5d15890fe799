//! What looks after things between operations. Each task takes no input, may run at any time on any controller, and does
//! nothing the second time. `find` in each lists what is wrong, for [`crate::Compute::audit`] too.

pub(crate) mod allocation_checker;
mod debt_collector;
mod node_registrar;
pub(crate) mod orphan_domain_remover;
pub(crate) mod port_checker;
mod purger;
pub(crate) mod quota_recounter;
mod server_watcher;
pub(crate) mod status_checker;
pub(crate) mod transitional_owner_checker;

use std::{error::Error, time::Duration};

use ferrostack_agent_api::DomainReport;
use ferrostack_reconcile::{Outcome, Reconciler, Reconcilers};

use crate::Compute;

/// A task: its name, its period, and one run of it.
struct Task {
    name: &'static str,
    period: Duration,
    compute: Compute,
    run: for<'a> fn(&'a Compute) -> Outcome<'a>,
}

impl Reconciler for Task {
    fn name(&self) -> &'static str {
        self.name
    }

    fn period(&self) -> Duration {
        self.period
    }

    fn run(&self) -> Outcome<'_> {
        (self.run)(&self.compute)
    }
}

/// The task that takes over what guests do by themselves. Whoever hears of a change on a node before the task's period is
/// over may wake it by this name: the change is then seen at once.
pub const SERVER_WATCHER: &str = "server_watcher";

const MINUTE: Duration = Duration::from_secs(60);

fn all(compute: &Compute) -> Vec<Task> {
    let task = |name, period, run| Task { name, period, compute: compute.clone(), run };
    vec![
        task("node_registrar", Duration::from_secs(10), |compute| Box::pin(node_registrar::run(compute))),
        task(SERVER_WATCHER, Duration::from_secs(5), |compute| Box::pin(server_watcher::run(compute))),
        task("debt_collector", Duration::from_secs(10), |compute| Box::pin(debt_collector::run(compute))),
        task("transitional_owner_checker", MINUTE, |compute| Box::pin(transitional_owner_checker::run(compute))),
        task("orphan_domain_remover", MINUTE, |compute| Box::pin(orphan_domain_remover::run(compute))),
        task("allocation_checker", MINUTE, |compute| Box::pin(allocation_checker::run(compute))),
        task("port_checker", MINUTE, |compute| Box::pin(port_checker::run(compute))),
        task("status_checker", 10 * MINUTE, |compute| Box::pin(status_checker::run(compute))),
        task("compute_quota_recounter", 10 * MINUTE, |compute| Box::pin(quota_recounter::run(compute))),
        task("server_purger", 60 * MINUTE, |compute| Box::pin(purger::run(compute))),
    ]
}

/// Starts all tasks.
pub fn start(compute: &Compute, reconcilers: &Reconcilers) {
    for task in all(compute) {
        reconcilers.start(task);
    }
}

/// Adds all tasks without starting them, for tests that run them by hand.
pub fn add_idle(compute: &Compute, reconcilers: &Reconcilers) {
    for task in all(compute) {
        reconcilers.add_idle(task);
    }
}

/// What a run returns.
type Said = Result<String, Box<dyn Error + Send + Sync>>;

/// `3 repaired`, or `nothing to do`.
fn said(amount: usize, what: &str) -> Said {
    Ok(if amount == 0 { "nothing to do".to_owned() } else { format!("{amount} {what}") })
}

/// What a node has; `None` when it does not answer.
async fn domains_of(compute: &Compute, node: &str) -> Option<Vec<DomainReport>> {
    let agent = compute.agent(node).ok()?;
    match compute.within(compute.options().agent_patience, agent.domains()).await {
        Ok(domains) => Some(domains),
        Err(error) => {
            tracing::debug!(node, reason = error.message, "the node does not tell what it has");
            None
        }
    }
}
