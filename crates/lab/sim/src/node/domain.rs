//! A domain in the ledger.

use ferrostack_agent_api::{DomainReport, DomainSpec, Power, Wanted};
use ferrostack_base::{Fence, Generation, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// As many boots are remembered for the console, and as many one-shots.
const REMEMBERED: usize = 50;

/// What is wanted and what is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Domain {
    pub spec: DomainSpec,
    /// The highest that was seen.
    pub fence: Fence,
    /// Of the power intent that was acted on last; lower than the wanted one's while the guest boots.
    pub acted: Generation,
    pub power: Power,
    pub since: Timestamp,
    /// When the guest booted.
    pub boots: Vec<Timestamp>,
    /// Numbers of one-shots that were done.
    pub shots: Vec<Uuid>,
}

impl Domain {
    /// Defined, but off.
    pub(super) fn defined(spec: DomainSpec, now: Timestamp) -> Self {
        let fence = spec.fence;
        Self {
            spec,
            fence,
            acted: Generation(0),
            power: Power::Shutdown,
            since: now,
            boots: Vec::new(),
            shots: Vec::new(),
        }
    }

    /// Acts on the wanted power, once per generation.
    pub(super) fn act(&mut self, now: Timestamp) {
        if self.acted >= self.spec.generation {
            return;
        }
        self.acted = self.spec.generation;
        let wanted = match self.spec.power {
            Wanted::On if self.power == Power::Paused => Power::Paused,
            Wanted::On => Power::Running,
            Wanted::Off => Power::Shutdown,
        };
        self.set_power(wanted, now);
    }

    /// Whether acting means that the guest boots.
    pub(super) fn will_boot(&self) -> bool {
        self.acted < self.spec.generation
            && self.spec.power == Wanted::On
            && matches!(self.power, Power::Shutdown | Power::Crashed)
    }

    pub(super) fn set_power(&mut self, power: Power, now: Timestamp) {
        if self.power == power {
            return;
        }
        if power == Power::Running && matches!(self.power, Power::Shutdown | Power::Crashed) {
            self.boot(now);
        }
        (self.power, self.since) = (power, now);
    }

    pub(super) fn boot(&mut self, now: Timestamp) {
        self.boots.push(now);
        let excess = self.boots.len().saturating_sub(REMEMBERED);
        self.boots.drain(..excess);
    }

    pub(super) fn done(&mut self, number: Uuid) {
        self.shots.push(number);
        let excess = self.shots.len().saturating_sub(REMEMBERED);
        self.shots.drain(..excess);
    }

    pub(super) fn report(&self) -> DomainReport {
        DomainReport {
            server: self.spec.server,
            name: self.spec.name.clone(),
            fence: self.fence,
            generation: self.acted,
            power: self.power,
            since: self.since,
        }
    }
}
