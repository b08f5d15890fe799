//! What libvirt says of a domain, and what it can be asked to do with one.

use std::time::Duration;

use uuid::Uuid;

/// What a domain does (libvirt's `virDomainState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DomainState {
    /// The hypervisor does not say.
    Unknown,
    /// It runs.
    Running,
    /// It waits for a resource; only other hypervisors than QEMU say so.
    Blocked,
    /// It is paused.
    Paused,
    /// Its guest is shutting down.
    ShuttingDown,
    /// It is off.
    Off,
    /// It crashed and is kept for inspection.
    Crashed,
    /// Its guest sleeps.
    PmSuspended,
}

impl DomainState {
    pub(crate) fn from_raw(value: i32) -> Self {
        match value {
            1 => Self::Running,
            2 => Self::Blocked,
            3 => Self::Paused,
            4 => Self::ShuttingDown,
            5 => Self::Off,
            6 => Self::Crashed,
            7 => Self::PmSuspended,
            _ => Self::Unknown,
        }
    }
}

/// A domain's state and why it is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DomainStatus {
    /// The state.
    pub state: DomainState,
    /// The value of libvirt's `virDomain<State>Reason`.
    pub reason: i32,
}

impl DomainStatus {
    /// Whether a process of the hypervisor exists for the domain.
    pub fn is_active(&self) -> bool {
        !matches!(self.state, DomainState::Off | DomainState::Unknown)
    }

    /// The reason in words, for people; empty when libvirt gave none.
    pub fn reason_text(&self) -> &'static str {
        match (self.state, self.reason) {
            (DomainState::Running, 1) => "booted",
            (DomainState::Running, 2) => "migrated here",
            (DomainState::Running, 3) => "restored",
            (DomainState::Running, 5) => "unpaused",
            (DomainState::Running, 8) => "woken up",
            // No reason: QEMU stopped it by itself, as it does when KVM reports an internal error.
            (DomainState::Paused, 0) => "stopped by the hypervisor",
            (DomainState::Paused, 1) => "asked for",
            (DomainState::Paused, 2) => "migrating",
            (DomainState::Paused, 3) => "saving",
            (DomainState::Paused, 5) => "disk error",
            (DomainState::Paused, 6) => "watchdog",
            (DomainState::Paused, 8) => "shutting down",
            (DomainState::Paused, 9) => "snapshot",
            (DomainState::Paused, 10) => "guest crashed",
            (DomainState::Paused, 11) => "starting",
            (DomainState::Off, 1) => "guest shut down",
            (DomainState::Off, 2) => "destroyed",
            (DomainState::Off, 3) => "crashed",
            (DomainState::Off, 4) => "migrated away",
            (DomainState::Off, 5) => "saved",
            (DomainState::Off, 6) => "failed to start",
            (DomainState::Off, 8) => "ended by libvirtd",
            (DomainState::Crashed, 1) => "guest panicked",
            _ => "",
        }
    }
}

/// A domain in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainSummary {
    /// Its id.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: DomainStatus,
    /// Whether it stays defined when it is off.
    pub persistent: bool,
}

/// What a domain uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainInfo {
    /// Its state.
    pub state: DomainState,
    /// The most memory it may have, in KiB.
    pub max_memory_kib: u64,
    /// What it has now, in KiB.
    pub memory_kib: u64,
    /// Processors.
    pub vcpus: u32,
    /// Processor time since it was started.
    pub cpu_time: Duration,
}

/// Which domains to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListFilter {
    /// All.
    #[default]
    All,
    /// Those with a process.
    Active,
    /// Those without.
    Inactive,
}

/// How to end a domain's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stop {
    /// SIGTERM, then SIGKILL: it is gone afterwards.
    #[default]
    Forced,
    /// SIGTERM only: an error when the process does not end, but nothing that QEMU still writes is lost.
    Graceful,
}

/// What goes away with a domain's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undefine {
    /// The saved memory image.
    pub managed_save: bool,
    /// What libvirt knows of its snapshots (not the disks).
    pub snapshots_metadata: bool,
    /// What libvirt knows of its checkpoints (not the bitmaps).
    pub checkpoints_metadata: bool,
    /// The firmware's variables; false = they are kept.
    pub nvram: bool,
}

impl Undefine {
    /// All of it: nothing of the domain is left in libvirt.
    pub const ALL: Self =
        Self { managed_save: true, snapshots_metadata: true, checkpoints_metadata: true, nvram: true };
}

impl Default for Undefine {
    fn default() -> Self {
        Self::ALL
    }
}

/// Which of a domain's descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum XmlKind {
    /// As it runs now, or as defined when it is off.
    #[default]
    Current,
    /// As it will be after its next start.
    Inactive,
}

/// A picture of a domain's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screenshot {
    /// Such as `image/x-portable-pixmap`.
    pub media_type: String,
    /// The picture.
    pub data: Vec<u8>,
}
