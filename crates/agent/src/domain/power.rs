//! What libvirt's states mean to a controller.

use ferrostack_agent_api::Power;
use ferrostack_libvirt::{DomainState, DomainStatus};

/// libvirt's reason for a domain that is off because its process ended by itself.
const CRASHED: i32 = 3;
/// libvirt's reason for a domain that is off because its memory was saved.
const SAVED: i32 = 5;
/// libvirt's reason for a domain that is paused because its disk could not be written: QEMU does so when there is no room.
const DISK_ERROR: i32 = 5;

/// What was seen of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) power: Power,
    pub(crate) reason: Option<String>,
    /// Whether it waits, off, with its memory on the disk.
    pub(crate) is_saved: bool,
    /// Whether it waits, paused, for room on the disk.
    pub(crate) needs_room: bool,
}

impl Seen {
    /// Of a status; `None` is a domain that is not defined.
    pub(crate) fn of(status: Option<DomainStatus>) -> Self {
        let Some(status) = status else {
            let reason = Some("its definition is gone".to_owned());
            return Self { power: Power::Shutdown, reason, is_saved: false, needs_room: false };
        };
        let power = match (status.state, status.reason) {
            (DomainState::Running | DomainState::Blocked | DomainState::ShuttingDown, _) => Power::Running,
            (DomainState::Paused | DomainState::PmSuspended, _) => Power::Paused,
            (DomainState::Crashed, _) | (DomainState::Off, CRASHED) => Power::Crashed,
            (DomainState::Off | DomainState::Unknown, _) => Power::Shutdown,
        };
        let reason = status.reason_text();
        Self {
            power,
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            is_saved: (status.state, status.reason) == (DomainState::Off, SAVED),
            needs_room: (status.state, status.reason) == (DomainState::Paused, DISK_ERROR),
        }
    }

    /// Whether the guest has a process.
    pub(crate) fn is_on(&self) -> bool {
        is_on(self.power)
    }
}

/// Whether the guest has a process.
pub(crate) fn is_on(power: Power) -> bool {
    matches!(power, Power::Running | Power::Paused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_died_is_a_crash_and_a_destroyed_one_is_off() {
        let seen = |state, reason| Seen::of(Some(DomainStatus { state, reason })).power;
        assert_eq!(seen(DomainState::Off, 1), Power::Shutdown);
        assert_eq!(seen(DomainState::Off, 2), Power::Shutdown);
        assert_eq!(seen(DomainState::Off, 3), Power::Crashed);
        assert_eq!(seen(DomainState::Paused, 5), Power::Paused);
        assert_eq!(seen(DomainState::ShuttingDown, 1), Power::Running);
        assert_eq!(Seen::of(None).power, Power::Shutdown);
    }

    #[test]
    fn what_waits_is_known_by_its_reason() {
        let seen = |state, reason| Seen::of(Some(DomainStatus { state, reason }));
        let waits = |seen: Seen| (seen.is_saved, seen.needs_room);
        assert_eq!(waits(seen(DomainState::Off, SAVED)), (true, false));
        assert_eq!(waits(seen(DomainState::Paused, DISK_ERROR)), (false, true));
        // Asked for by somebody, which is nobody else's business.
        assert_eq!(waits(seen(DomainState::Paused, 1)), (false, false));
        assert_eq!(waits(seen(DomainState::Off, 1)), (false, false));
    }
}
