//! Background tasks of the services as reconcilers.

use std::{error::Error, fmt::Display, future::Future, time::Duration};

use ferrostack_config::Settings;
use ferrostack_db::{Db, DbError};
use ferrostack_network::{Network, NetworkError};
use ferrostack_reconcile::{Outcome, Reconciler, Reconcilers};
use tokio::sync::watch;

use super::services::Services;

const TEN_MINUTES: Duration = Duration::from_secs(600);
const NORTHBOUND_CHECKER: &str = "northbound_checker";

/// Starts all of them.
pub(super) fn start(reconcilers: &Reconcilers, settings: &Settings, db: &Db, services: &Services) {
    ferrostack_image::tasks::start(&services.image, reconcilers);
    ferrostack_compute::tasks::start(&services.compute, reconcilers);
    let keep = Duration::from_secs(u64::from(settings.controller.archive_days) * 24 * 3600);
    let rows = i64::try_from(settings.controller.archive_rows).unwrap_or(i64::MAX);
    let tables = db.clone();
    reconcilers.start(Task::new("operation_purger", TEN_MINUTES, move || purge(tables.clone(), keep, rows)));
    let tables = db.clone();
    reconcilers.start(Task::new("quota_recounter", TEN_MINUTES, move || recount(tables.clone())));
    let network = services.network.clone();
    reconcilers.start(Task::new(NORTHBOUND_CHECKER, TEN_MINUTES, move || check_northbound(network.clone())));
}

/// An OVN that was not there at the start is looked at when it comes.
pub(super) async fn check_when_connected(reconcilers: Reconcilers, services: Services) {
    let [(_, northbound), _] = &services.ovn;
    if !northbound.is_connected() {
        northbound.connected().await;
        reconcilers.wake(NORTHBOUND_CHECKER);
    }
}

/// What guests of the own node do by themselves is taken over at once, not after the watcher's period.
pub(super) async fn watch_guests(reconcilers: Reconcilers, mut changes: watch::Receiver<u64>) {
    while changes.changed().await.is_ok() {
        reconcilers.wake(ferrostack_compute::tasks::SERVER_WATCHER);
    }
}

/// Compares what projects use with what the ledger says they have.
async fn recount(db: Db) -> Result<String, DbError> {
    Ok(format!("{} corrected", ferrostack_quota::recount(&db).await?.len()))
}

/// Compares all of OVN's Northbound database with the tables, and repairs it; the syncer looks only at what changes.
async fn check_northbound(network: Network) -> Result<String, NetworkError> {
    let repaired = ferrostack_network::full_sync(&network).await?;
    for difference in &repaired {
        tracing::warn!(%difference, "OVN was repaired");
    }
    Ok(format!("{} repaired", repaired.len()))
}

/// Forgets old operations, and outcomes of transactions that nobody can still ask for.
async fn purge(db: Db, keep: Duration, rows: i64) -> Result<String, DbError> {
    let now = db.now().await?;
    let mut operations = 0;
    loop {
        let purged = ferrostack_saga::store::purge(&db, now - keep, rows).await?;
        operations += purged;
        if purged == 0 {
            break;
        }
    }
    let outcomes = db.purge_outcomes(now - Duration::from_secs(3600)).await?;
    Ok(format!("{operations} operations and {outcomes} transaction outcomes forgotten"))
}

/// A task made from a function.
pub(super) struct Task<F> {
    name: &'static str,
    period: Duration,
    run: F,
}

impl<F> Task<F> {
    pub(super) fn new(name: &'static str, period: Duration, run: F) -> Self {
        Self { name, period, run }
    }
}

impl<F, Fut, T, E> Reconciler for Task<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Display,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn period(&self) -> Duration {
        self.period
    }

    fn run(&self) -> Outcome<'_> {
        Box::pin(async { (self.run)().await.map(|said| said.to_string()).map_err(Into::into) })
    }
}
