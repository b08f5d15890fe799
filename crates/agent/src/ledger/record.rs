//! What the ledger keeps of a server.

use ferrostack_agent_api::{DomainReport, DomainSpec, Power};
use ferrostack_base::{Fence, Generation, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::NodeError;

/// As many one-shots are remembered.
const REMEMBERED: usize = 50;

/// A server that is here, or was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    Domain(Box<Record>),
    Gone(Tombstone),
}

/// What is wanted, what was acted on, and what was seen last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) spec: DomainSpec,
    /// When that was wished for.
    #[serde(default)]
    pub(crate) wished: Timestamp,
    /// The highest that was seen.
    pub(crate) fence: Fence,
    /// Of the power intent that was acted on last; lower than the wanted one's while it is acted on.
    pub(crate) acted: Generation,
    pub(crate) power: Power,
    pub(crate) since: Timestamp,
    /// Why it is so, in libvirt's words.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// Numbers of one-shots that were done.
    #[serde(default)]
    pub(crate) shots: Vec<Uuid>,
    /// The tombstone that this replaced before everything was cleaned up: that comes first, or the new domain would find
    /// the old one's disk.
    #[serde(default)]
    pub(crate) leftover: Option<Tombstone>,
    /// The one-shot that was begun: if its guest is found off, it is off because of this.
    #[serde(default)]
    pub(crate) shooting: Option<Uuid>,
    /// A tap of the running guest was lost: its process must open the new one.
    #[serde(default)]
    pub(crate) reseat: bool,
}

/// A server that was dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    /// With which it was dropped.
    pub(crate) fence: Fence,
    pub(crate) at: Timestamp,
    /// Whether everything of it is gone.
    pub(crate) cleaned: bool,
    /// The ports that it had, whose devices may still be there.
    #[serde(default)]
    pub(crate) ports: Vec<Uuid>,
}

impl Entry {
    pub(crate) fn record(&self) -> Option<&Record> {
        match self {
            Self::Domain(record) => Some(record),
            Self::Gone(_) => None,
        }
    }

    /// The entry after a wish. Refused when it was overtaken, or acted on already in a later version.
    pub(crate) fn wished(before: Option<&Self>, spec: DomainSpec, now: Timestamp) -> Result<Record, NodeError> {
        let server = spec.server;
        match before {
            Some(Self::Gone(gone)) if spec.fence <= gone.fence => {
                Err(NodeError::Fenced { server, fence: spec.fence, seen: gone.fence })
            }
            Some(Self::Domain(known)) => {
                check_fence(known, spec.fence)?;
                if spec.generation < known.spec.generation {
                    let acted = known.spec.generation;
                    return Err(NodeError::refused(format!(
                        "generation {acted} of server {server} was acted on already"
                    )));
                }
                Ok(Record { fence: spec.fence, spec, wished: now, ..(**known).clone() })
            }
            before => Ok(Record {
                leftover: match before {
                    Some(Self::Gone(gone)) if !gone.cleaned => Some(gone.clone()),
                    _ => None,
                },
                fence: spec.fence,
                spec,
                wished: now,
                acted: Generation(0),
                power: Power::Shutdown,
                since: now,
                reason: None,
                shots: Vec::new(),
                shooting: None,
                reseat: false,
            }),
        }
    }

    /// The entry after a drop: one that is as old or older than what was seen is refused.
    pub(crate) fn dropped(
        before: Option<&Self>,
        server: Uuid,
        fence: Fence,
        now: Timestamp,
    ) -> Result<Tombstone, NodeError> {
        match before {
            Some(Self::Domain(known)) => {
                check_fence(known, fence)?;
                let mut ports: Vec<Uuid> = known.spec.interfaces.iter().map(|interface| interface.port_id).collect();
                ports.extend(known.leftover.iter().flat_map(|leftover| &leftover.ports));
                Ok(Tombstone { fence, at: now, cleaned: false, ports })
            }
            Some(Self::Gone(gone)) if fence < gone.fence => Err(NodeError::Fenced { server, fence, seen: gone.fence }),
            // What a half-done drop left is still to be cleaned up.
            Some(Self::Gone(gone)) => Ok(Tombstone { fence, at: now, cleaned: false, ports: gone.ports.clone() }),
            None => Ok(Tombstone { fence, at: now, cleaned: false, ports: Vec::new() }),
        }
    }
}

/// A lower fence than was seen for a server that is here is refused.
pub(crate) fn check_fence(known: &Record, fence: Fence) -> Result<(), NodeError> {
    if fence < known.fence {
        return Err(NodeError::Fenced { server: known.spec.server, fence, seen: known.fence });
    }
    Ok(())
}

impl Record {
    /// Whether the wanted power is still to be acted on.
    pub(crate) fn is_pending(&self) -> bool {
        self.acted < self.spec.generation
    }

    /// Takes over what was seen; says whether it is news.
    pub(crate) fn seen(&mut self, power: Power, reason: Option<String>, at: Timestamp) -> bool {
        let news = self.power != power;
        if news {
            (self.power, self.since, self.reason) = (power, at, reason);
        }
        news
    }

    /// The one-shot was done.
    pub(crate) fn shot(&mut self, number: Uuid) {
        self.shooting = None;
        self.shots.push(number);
        let excess = self.shots.len().saturating_sub(REMEMBERED);
        self.shots.drain(..excess);
    }

    pub(crate) fn report(&self) -> DomainReport {
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
