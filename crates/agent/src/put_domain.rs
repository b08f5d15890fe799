//! Makes a domain as wanted.

use std::{sync::Arc, time::Duration};

use ferrostack_agent_api::{DomainReport, DomainSpec, Power, Wanted};
use ferrostack_base::Fence;
use uuid::Uuid;

use crate::{
    domain::Seen,
    error::NodeError,
    ledger::{Entry, Record},
    node::Node,
};

/// How often a guest that was asked to shut down is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// How often its power button is pressed: a guest that still boots misses the first one.
const PRESS: Duration = Duration::from_secs(5);

impl Node {
    /// Writes the wish down, then acts on it, unless it was acted on already.
    pub(crate) async fn put_domain(self: Arc<Self>, spec: DomainSpec) -> Result<DomainReport, NodeError> {
        let (server, fence, now) = (spec.server, spec.fence, self.clock.now());
        tracing::debug!(%server, %fence, generation = %spec.generation, request = spec.request_id, "a domain is wanted");
        let accept = move |before: Option<&Entry>| {
            let record = Entry::wished(before, spec, now)?;
            Ok((Some(Entry::Domain(Box::new(record))), ()))
        };
        self.ledger.change(server, accept).await?;
        let _turn = self.unless_overtaken((server, fence), async { Ok(self.turn(server).await) }).await?;
        let record = self.ledger.record(server)?;
        self.ledger.still_wanted(server, fence)?;
        if let Some(leftover) = &record.leftover {
            self.clean_up(server, leftover).await?;
            let cleaned = |record: &mut Record| {
                record.leftover = None;
                Ok(())
            };
            self.ledger.change_record(server, cleaned).await?;
        }
        if record.is_pending() {
            match record.spec.power {
                Wanted::On => self.bring_up(&record).await?,
                Wanted::Off => self.bring_down(&record).await?,
            }
            let generation = record.spec.generation;
            self.ledger
                .change_record(server, move |record| {
                    record.acted = record.acted.max(generation);
                    // Off, or with a process that has opened its taps anew.
                    record.reseat = false;
                    Ok(())
                })
                .await?;
        }
        self.look(server).await
    }

    /// Defines the domain if it never was, and powers it off; its ports leave the network.
    async fn bring_down(&self, record: &Record) -> Result<(), NodeError> {
        let server = record.spec.server;
        let status = self.domains.status(server).await?;
        if status.is_none() {
            let files = self.unless_overtaken((server, record.fence), self.disks.ensure(record)).await?;
            let userspace = self.network.is_userspace()?.unwrap_or(false);
            self.domains.define(&self.domains.config(record, &files, userspace)?).await?;
        } else {
            self.power_off((server, record.fence), record.spec.shutdown_timeout_s).await?;
        }
        let ports: Vec<Uuid> = record.spec.interfaces.iter().map(|interface| interface.port_id).collect();
        self.network.unplug(server, &ports).await
    }

    /// Asks the guest to shut down, and cuts the power when it does not. Off already is fine. Given up between two looks
    /// when it is overtaken, never in the middle of a call that libvirtd may still carry out.
    pub(crate) async fn power_off(&self, (server, fence): (Uuid, Fence), timeout_s: u64) -> Result<(), NodeError> {
        let patience = Duration::from_secs(timeout_s);
        let begun = self.clock.now();
        let mut pressed = None;
        loop {
            let seen = Seen::of(self.domains.status(server).await?);
            if !seen.is_on() {
                return Ok(());
            }
            let now = self.clock.now();
            // A paused guest hears nothing.
            if seen.power == Power::Paused || now.since(begun) >= patience {
                tracing::info!(%server, "the guest does not shut down; its power is cut");
                return self.domains.cut_power(server).await;
            }
            if pressed.is_none_or(|last| now.since(last) >= PRESS) {
                self.domains.press_power_button(server).await?;
                pressed = Some(now);
            }
            let wait = async {
                self.clock.sleep(LOOK).await;
                Ok(())
            };
            self.unless_overtaken((server, fence), wait).await?;
        }
    }
}
