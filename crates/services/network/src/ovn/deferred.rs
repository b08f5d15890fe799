//! Resources that OVN refused: when they are tried again.

use std::{collections::HashMap, time::Duration};

use ferrostack_base::Timestamp;

use super::Owner;
use crate::store::sync::Dirty;

/// The first pause; it doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Waiting {
    until: Timestamp,
    pause: Duration,
    /// The newest row of the queue that was there at the failure: a newer one is a new change, worth trying at once.
    newest: String,
}

/// Resources that wait.
#[derive(Debug, Default)]
pub(super) struct Deferred(HashMap<Owner, Waiting>);

impl Deferred {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a row of the queue may be tried now.
    pub(super) fn is_due(&self, row: &Dirty, now: Timestamp) -> bool {
        let owner = Owner::Resource(row.kind, row.resource_id);
        self.0.get(&owner).is_none_or(|waiting| waiting.until <= now || row.id > waiting.newest)
    }

    /// Notes a failure and gives the pause until the next attempt.
    pub(super) fn note(&mut self, owner: Owner, newest: String, now: Timestamp) -> Duration {
        let pause = self.0.get(&owner).map_or(FIRST_PAUSE, |waiting| (waiting.pause * 2).min(LONGEST_PAUSE));
        self.0.insert(owner, Waiting { until: now + pause, pause, newest });
        pause
    }

    /// Forgets failures of what was done.
    pub(super) fn forget(&mut self, owner: Owner) {
        self.0.remove(&owner);
    }

    /// Forgets all failures.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::Kind;

    #[test]
    fn pauses_grow_and_a_new_change_ends_them() {
        let mut deferred = Deferred::default();
        let (owner, start) = (Owner::Resource(Kind::Port, Uuid::nil()), Timestamp::from_micros(0));
        let row = |id: &str| Dirty { id: id.into(), kind: Kind::Port, resource_id: Uuid::nil(), revision: 1 };
        let pauses: Vec<u64> = (0..8).map(|_| deferred.note(owner, "5".into(), start).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(!deferred.is_due(&row("5"), start + Duration::from_secs(59)));
        assert!(deferred.is_due(&row("5"), start + Duration::from_secs(60)));
        assert!(deferred.is_due(&row("6"), start));
        deferred.forget(owner);
        assert!(deferred.is_due(&row("5"), start));
    }
}
