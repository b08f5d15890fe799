//! The syncer: one loop that carries out the queue, full synchronizations and port statuses.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use ferrostack_ovn::{Change, ChangeKind, Event};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Leader, Owner,
    deferred::Deferred,
    full_sync::{BATCH, carry_out_all, everything, is_reachable},
    names,
    plan::Mode,
    session::Session,
    status,
};
use crate::{
    Network,
    error::NetworkError,
    ids::PortId,
    store::sync::{self, Dirty},
};

/// How long the queue is left alone when nobody calls: hints of other controllers may get lost.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps OVN as the database wants it, and port statuses as OVN says, while `leader` says that this is ours to do. Ends
/// when the connection that sends `events` is gone for good.
pub async fn run_syncer(network: Network, mut events: UnboundedReceiver<Event>, leader: Leader) {
    let mut syncer = Syncer::new(network);
    loop {
        let event = tokio::select! {
            event = events.recv() => match event {
                Some(event) => Some(event),
                None => return,
            },
            () = syncer.network.wakeup().notified() => None,
            () = syncer.network.clock().sleep(LOOK) => None,
        };
        event.into_iter().for_each(|event| syncer.note(event));
        loop {
            while let Ok(event) = events.try_recv() {
                syncer.note(event);
            }
            if !leader() {
                syncer.step_down();
                break;
            }
            if !is_reachable(&syncer.network) {
                break;
            }
            match syncer.step().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(error = %ferrostack_base::chain(&error), "OVN is not synchronized; it is tried again");
                    break;
                }
            }
        }
    }
}

struct Syncer {
    network: Network,
    session: Session,
    deferred: Deferred,
    /// Everything shall be compared.
    full: bool,
    /// What is left of that.
    backlog: VecDeque<Owner>,
    /// Ports that may have become up or down.
    moved: BTreeSet<PortId>,
    /// Owners of rows that went away: by us mostly, and then nothing is found; or by somebody's hand.
    lost: BTreeSet<Owner>,
}

impl Syncer {
    fn new(network: Network) -> Self {
        Self {
            network,
            session: Session::new(),
            deferred: Deferred::default(),
            full: true,
            backlog: VecDeque::new(),
            moved: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Resync => self.full = true,
            Event::Changed(changes) => {
                self.moved.extend(status::moved(&changes));
                self.lost.extend(lost(&changes));
            }
            Event::Disconnected { .. } => {}
        }
    }

    /// Another controller leads: what it does is not seen here, so that everything is compared if we lead again.
    fn step_down(&mut self) {
        self.full = true;
        self.backlog.clear();
        self.moved.clear();
        self.lost.clear();
        self.network.take_moved();
        self.deferred.clear();
    }

    /// One piece of work; `false` when nothing is left to do.
    async fn step(&mut self) -> Result<bool, NetworkError> {
        self.write_statuses().await?;
        if self.carry_out_queue().await? {
            return Ok(true);
        }
        if self.full {
            self.backlog = everything(&self.network).await?.into();
            self.full = false;
            self.lost.clear();
        }
        self.backlog.extend(std::mem::take(&mut self.lost));
        self.carry_out_backlog().await
    }

    async fn write_statuses(&mut self) -> Result<(), NetworkError> {
        self.moved.extend(self.network.take_moved());
        if !self.moved.is_empty() {
            status::write(&self.network, &self.moved).await?;
            self.moved.clear();
        }
        Ok(())
    }

    /// Carries out the oldest rows of the queue; `false` when there are none.
    async fn carry_out_queue(&mut self) -> Result<bool, NetworkError> {
        let now = self.network.clock().now();
        // Those that wait may be the oldest: they must not hide the others.
        let mut rows = sync::list(self.network.db(), BATCH + self.deferred.len()).await?;
        // An owner's rows are carried out together, or wait together.
        let due: BTreeSet<Owner> =
            rows.iter().filter(|row| self.deferred.is_due(row, now)).map(owner).take(BATCH).collect();
        rows.retain(|row| due.contains(&owner(row)));
        if rows.is_empty() {
            return Ok(false);
        }
        let owners: Vec<Owner> = due.into_iter().collect();
        let (outcome, failures) = carry_out_all(&self.session, &self.network, &owners, Mode::Changed).await?;
        let mut refused = BTreeSet::new();
        for (failed, error) in failures {
            let newest =
                rows.iter().filter(|row| owner(row) == failed).map(|row| row.id.clone()).max().unwrap_or_default();
            // One row is enough to remember it: many of one resource must not hide others.
            rows.retain(|row| row.id != newest);
            let pause = self.deferred.note(failed, newest, now);
            let error = ferrostack_base::chain(&error).to_string();
            tracing::error!(owner = %failed, error, ?pause, "OVN does not take this resource");
            refused.insert(failed);
        }
        rows.iter().map(owner).filter(|owner| !refused.contains(owner)).for_each(|done| self.deferred.forget(done));
        self.moved.extend(outcome.statuses.into_iter().map(|(port, _)| port));
        let done = &rows;
        self.network.db().tx(|tx| async move { sync::delete(&tx, done).await.map_err(NetworkError::from) }).await?;
        Ok(true)
    }

    /// Carries out the next part of a full synchronization; `false` when there is none.
    async fn carry_out_backlog(&mut self) -> Result<bool, NetworkError> {
        let count = self.backlog.len().min(BATCH);
        if count == 0 {
            return Ok(false);
        }
        let owners: Vec<Owner> = self.backlog.iter().take(count).copied().collect();
        let (outcome, failures) = carry_out_all(&self.session, &self.network, &owners, Mode::Full).await?;
        for difference in &outcome.differences {
            tracing::info!(%difference, "OVN was repaired");
        }
        self.moved.extend(outcome.statuses.into_iter().map(|(port, _)| port));
        // The queue remembers them, and tries again.
        let again: Vec<_> = failures
            .iter()
            .filter_map(|(owner, _)| match owner {
                Owner::Resource(kind, id) => Some((*kind, *id, 0)),
                Owner::Deployment => None,
            })
            .collect();
        for (owner, error) in &failures {
            tracing::error!(%owner, error = %ferrostack_base::chain(error), "OVN does not take this resource");
        }
        if !again.is_empty() {
            let again = &again;
            self.network
                .db()
                .tx(|tx| async move { sync::insert(&tx, again).await.map_err(NetworkError::from) })
                .await?;
        }
        self.backlog.drain(..count);
        Ok(true)
    }
}

/// The owners of rows that are there no more.
fn lost(changes: &[Change]) -> impl Iterator<Item = Owner> {
    changes.iter().filter_map(|change| match &change.kind {
        ChangeKind::Deleted(row) => Owner::parse(row.external_id(names::OWNER)?),
        ChangeKind::Inserted | ChangeKind::Modified(_) => None,
    })
}

fn owner(row: &Dirty) -> Owner {
    Owner::Resource(row.kind, row.resource_id)
}
