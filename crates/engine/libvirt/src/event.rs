//! What libvirt tells without being asked.

use uuid::Uuid;

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// To a domain.
    Lifecycle(Lifecycle),
    /// The connection ended; events are missed until [`Event::Reconnected`].
    Disconnected,
    /// The connection is there again and events are registered: list the domains again, since some may have been missed.
    Reconnected,
}

/// Something happened to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// The domain.
    pub uuid: Uuid,
    /// What.
    pub event: LifecycleKind,
    /// Why: the value of libvirt's `virDomainEvent<Kind>DetailType`.
    pub detail: i32,
}

/// What happens to domains (libvirt's `virDomainEventType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LifecycleKind {
    /// Its configuration is new or changed.
    Defined,
    /// Its configuration is gone.
    Undefined,
    /// It runs.
    Started,
    /// It is paused; detail 0 = asked for or by QEMU itself, 2 = by an I/O error.
    Suspended,
    /// It runs again.
    Resumed,
    /// It is off: detail 0 = the guest's own shutdown, 1 = destroyed, 2 = crashed, 5 = failed.
    Stopped,
    /// Its guest has shut down; `Stopped` follows.
    Shutdown,
    /// The guest asked for sleep.
    PmSuspended,
    /// It crashed.
    Crashed,
    /// Something that this version does not know.
    Other(i32),
}

impl LifecycleKind {
    pub(crate) fn from_raw(value: i32) -> Self {
        match value {
            0 => Self::Defined,
            1 => Self::Undefined,
            2 => Self::Started,
            3 => Self::Suspended,
            4 => Self::Resumed,
            5 => Self::Stopped,
            6 => Self::Shutdown,
            7 => Self::PmSuspended,
            8 => Self::Crashed,
            other => Self::Other(other),
        }
    }
}
