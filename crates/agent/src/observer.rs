//! Keeps what is known of the node true: takes libvirt's events up, and looks at everything from time to time.
//!
//! A round repairs what it can: it adopts domains of ours that the ledger does not know, finishes half-done drops, plugs
//! what runs in again and what is off out, serves networks, and removes what belongs to no server. It never starts or
//! stops a guest that is wanted: what its user or an operator did with it stays (R8). What the node has brought upon a
//! guest it takes back: one that lost its tap gets a new one, one that QEMU paused because the disk was full goes on when
//! there is room.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ferrostack_agent_api::{DomainReport, Power};
use ferrostack_libvirt::{DomainStatus, Event};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use uuid::Uuid;

use crate::{
    domain::{Seen, is_on},
    error::NodeError,
    ledger::{Entry, Record, Tombstone},
    network::SERVER,
    node::Node,
};

/// Observes until it is aborted.
pub(crate) async fn observe(node: Arc<Node>, mut events: Receiver<Event>) {
    let mut complaint = String::new();
    loop {
        // Each difficulty is said once, not in each round.
        let said = node
            .round()
            .await
            .iter()
            .map(|error| ferrostack_base::chain(error).to_string())
            .collect::<Vec<_>>()
            .join("; ");
        if said != complaint {
            match said.as_str() {
                "" => tracing::info!("the node is in order again"),
                said => tracing::warn!(error = said, "the node is not in order"),
            }
            complaint = said;
        }
        // Until the next round each event is taken up at once.
        let next = node.clock.now() + node.options.observe_every;
        loop {
            let left = next.since(node.clock.now());
            match node.clock.timeout(left, events.recv()).await {
                Ok(Ok(Event::Lifecycle(event))) => {
                    let node = node.clone();
                    tokio::spawn(async move { node.take_up(event.uuid).await });
                }
                Ok(Ok(Event::Disconnected)) => {}
                // Some events were missed.
                Ok(Ok(Event::Reconnected) | Err(RecvError::Lagged(_))) | Err(_) => break,
                Ok(Err(RecvError::Closed)) => return,
            }
        }
    }
}

impl Node {
    /// Something happened to a domain.
    async fn take_up(&self, server: Uuid) {
        if self.ledger.record(server).is_err() {
            return;
        }
        // Whoever acts on it has its turn first.
        let _turn = self.turn(server).await;
        if let Err(error) = self.look_after(server).await {
            tracing::debug!(%server, error = %ferrostack_base::chain(&error), "an event could not be taken up");
        }
    }

    /// Only by the one whose turn it is: a status from before it may be that of a guest that was started meanwhile.
    async fn look_after(&self, server: Uuid) -> Result<(), NodeError> {
        let Ok(record) = self.ledger.record(server) else { return Ok(()) };
        let seen = Seen::of(self.domains.status(server).await?);
        let report = self.note(server, seen.clone()).await?;
        if report.power != record.power {
            self.changes.send_modify(|count| *count += 1);
        }
        if seen.needs_room && self.disks.has_room()? {
            tracing::info!(%server, "there is room on the disk again; the guest goes on");
            self.domains.resume(server).await?;
        }
        match self.network.is_reached() {
            true if record.reseat && seen.is_saved => self.go_on(&record).await,
            true => self.settle_ports(&record, report.power).await,
            // The next round does it.
            false => Ok(()),
        }
    }

    /// Ports are in the network while the guest has a process.
    async fn settle_ports(&self, record: &Record, power: Power) -> Result<(), NodeError> {
        let (server, interfaces) = (record.spec.server, &record.spec.interfaces);
        if !is_on(power) {
            let ports: Vec<Uuid> = interfaces.iter().map(|interface| interface.port_id).collect();
            return self.network.unplug(server, &ports).await;
        }
        let lost = record.reseat || self.network.has_lost_tap(interfaces);
        if lost && power == Power::Running {
            return self.reseat(record).await;
        }
        if !self.network.is_plugged(interfaces)? {
            self.network.plug(server, record.fence, interfaces).await?;
        }
        if lost { self.mark_reseat(server, true).await } else { Ok(()) }
    }

    /// Looks at everything. What fails does not keep the rest from being looked at.
    async fn round(&self) -> Vec<NodeError> {
        let mut errors = Vec::new();
        // While libvirtd does not tell what there is, nothing is nobody's: a server that the ledger has lost may run.
        let domains = match self.domains.all().await {
            Ok(all) => {
                self.settle_domains(&all, &mut errors).await;
                Some(all)
            }
            Err(error) => {
                errors.push(error);
                None
            }
        };
        for (server, gone) in self.ledger.tombstones() {
            if !gone.cleaned {
                errors.extend(self.finish_drop(server).await.err());
            }
        }
        let records = self.ledger.records();
        if self.network.is_reached() {
            if let Some(domains) = &domains {
                errors.extend(self.remove_orphan_ports(domains).await.err());
                errors.extend(self.services.end_unused(&records).await.err());
            }
            errors.extend(self.services.repair(&records).await.err());
        }
        if let Some(domains) = &domains {
            errors.extend(self.remove_orphan_folders(domains).await.err());
        }
        errors.extend(self.ledger.forget_old(self.clock.now()).await.err());
        errors
    }

    async fn settle_domains(&self, all: &HashMap<Uuid, DomainStatus>, errors: &mut Vec<NodeError>) {
        for server in all.keys() {
            match self.ledger.entry(*server) {
                Some(Entry::Domain(_)) => {}
                Some(Entry::Gone(gone)) => errors.extend(self.bury_again(*server, gone).await.err()),
                None => errors.extend(self.adopt(*server).await.err()),
            }
        }
        for record in self.ledger.records() {
            let server = record.spec.server;
            let Some(_turn) = self.try_turn(server) else { continue };
            errors.extend(self.look_after(server).await.err());
        }
    }

    /// A dropped server has a domain: a call that nobody waited for any more was carried out after all.
    async fn bury_again(&self, server: Uuid, gone: Tombstone) -> Result<(), NodeError> {
        if self.domains.notes(server).await?.is_none() || !gone.cleaned {
            return Ok(());
        }
        let unclean = move |entry: Option<&Entry>| match entry {
            Some(Entry::Gone(gone)) => Ok((Some(Entry::Gone(Tombstone { cleaned: false, ..gone.clone() })), ())),
            _ => Ok((None, ())),
        };
        self.ledger.change(server, unclean).await
    }

    /// Takes over a domain of ours that the ledger does not know: it was lost, or comes from a backup.
    async fn adopt(&self, server: Uuid) -> Result<(), NodeError> {
        let Some(notes) = self.domains.notes(server).await? else { return Ok(()) };
        let Some(wish) = notes.wish.filter(|wish| wish.server == server) else {
            tracing::warn!(%server, "a domain of ours can't be adopted: its notes can't be read");
            return Ok(());
        };
        let now = self.clock.now();
        let take = move |entry: Option<&Entry>| {
            if entry.is_some() {
                return Ok((None, ()));
            }
            let record = Entry::wished(None, wish, now)?;
            let record = Record { fence: notes.fence, acted: notes.generation, ..record };
            Ok((Some(Entry::Domain(Box::new(record))), ()))
        };
        self.ledger.change(server, take).await?;
        tracing::info!(%server, "a domain was adopted");
        self.disks.mark(server)
    }

    /// Whether neither the ledger knows the server nor libvirt had a domain of it.
    fn is_nobodys(&self, server: Uuid, domains: &HashMap<Uuid, DomainStatus>) -> bool {
        self.ledger.record(server).is_err() && !domains.contains_key(&server)
    }

    async fn remove_orphan_ports(&self, domains: &HashMap<Uuid, DomainStatus>) -> Result<(), NodeError> {
        let owners: HashSet<Uuid> = self.network.owners(SERVER)?.into_iter().map(|(_, server)| server).collect();
        for server in owners {
            let Some(_turn) = self.try_turn(server) else { continue };
            if self.is_nobodys(server, domains) {
                tracing::info!(%server, "ports of no server are removed");
                self.network.unplug(server, &[]).await?;
            }
        }
        Ok(())
    }

    async fn remove_orphan_folders(&self, domains: &HashMap<Uuid, DomainStatus>) -> Result<(), NodeError> {
        for server in self.disks.list()? {
            let Some(_turn) = self.try_turn(server) else { continue };
            if self.is_nobodys(server, domains) {
                tracing::info!(%server, "files of no server are removed");
                self.disks.remove(server).await?;
            }
        }
        Ok(())
    }

    /// What the domains do now; the ledger's word for those that are acted on at the moment.
    pub(crate) async fn reports(&self) -> Result<Vec<DomainReport>, NodeError> {
        let all = self.domains.all().await?;
        let mut reports = Vec::new();
        for record in self.ledger.records() {
            let server = record.spec.server;
            let report = match self.try_turn(server) {
                Some(_turn) => match all.get(&server) {
                    // Started or made since the list was asked for, or really gone: looked at by itself.
                    None => self.look(server).await,
                    Some(status) if Seen::of(Some(*status)).power != record.power => self.look(server).await,
                    Some(_) => self.ledger.record(server).map(|record| record.report()),
                },
                None => Ok(record.report()),
            };
            match report {
                Ok(report) => reports.push(report),
                Err(NodeError::NoDomain { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(reports)
    }
}
