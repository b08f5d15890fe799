//! How to reach libvirtd.

use std::time::Duration;

/// Where libvirtd is, and how patient to be with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `qemu:///system`, `qemu+unix:///system?socket=/run/libvirt/libvirt-sock`.
    pub uri: String,
    /// Calls that run at the same time; each holds a thread while libvirtd works on it. At least 1.
    pub calls: usize,
    /// The longest a call may take, waiting for a free thread included. libvirtd's first answer after its start may take
    /// 8 s, since it asks each emulator what it can do.
    pub call_timeout: Duration,
    /// How a libvirtd that hangs is noticed; `None` = not at all, calls to it then end by their time-out.
    pub keepalive: Option<KeepAlive>,
}

/// Questions to libvirtd whether it is there, on an idle connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// Between two questions; whole seconds, at least one.
    pub interval: Duration,
    /// Questions without an answer after which the connection counts as lost.
    pub count: u32,
}

impl Settings {
    /// The defaults for an address.
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), ..Self::default() }
    }

    /// The defaults for the libvirtd behind a socket.
    pub fn socket(path: &str) -> Self {
        Self::new(format!("qemu+unix:///system?socket={path}"))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            uri: "qemu:///system".into(),
            calls: 4,
            call_timeout: Duration::from_secs(60),
            keepalive: Some(KeepAlive { interval: Duration::from_secs(5), count: 6 }),
        }
    }
}
