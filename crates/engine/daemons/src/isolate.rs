//! A cloud of its own on a machine that has others: its network, and its own view of the standard places.
//!
//! # Theory of operation
//! An isolated cloud NAME is a network namespace `/run/netns/NAME` (as `ip netns` makes them) and a mount namespace in
//! which private folders lie over the standard places, so that its engines and their command-line tools need not know.
//! Both outlive our process: engines and guests stay in them, and the next process enters them again.
//!
//! *How the mount namespace is kept.* It is bound to the file `isolated/NAME/ns/mnt` in the state folder. A namespace
//! can only be bound from another one, and only where mounts do not spread: so [`enter`] makes it, puts everything into
//! it, steps back, binds it, and steps in again. What is bound is therefore always complete, and a process killed in
//! between leaves nothing, since no engine runs yet. Should the binding get lost, a new namespace with the same folders
//! is made: they are the same files, so pid files and sockets of engines that still run in the old one are found.
//!
//! *One moment.* A thread cannot take its process along into a mount namespace; so [`enter`] must come first in `main`,
//! before the runtime starts threads. The listeners that shall be reachable from outside are bound before and handed
//! over: a socket stays in the network namespace in which it was made. Inside, the same addresses are free again.
//!
//! *What is not there inside*: control groups and the D-Bus of the host. Two libvirts would give their guests the same
//! names in both.

mod claim;
mod enter;
mod folders;
mod namespace;
mod remove;

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::DaemonError;

pub use self::{enter::enter, remove::remove};

/// Where `ip netns` keeps names of network namespaces.
const NETWORK_NAMESPACES: &str = "/run/netns";

/// What is wanted of an isolated cloud.
#[derive(Debug, Clone)]
pub struct IsolateOptions {
    /// Where its private folders are kept, in `isolated/NAME`.
    pub state_dir: PathBuf,
    /// Its name, also that of the network namespace: at most 32 of `a-z A-Z 0-9 - _`, the first a letter or a digit.
    pub name: String,
    /// The host name inside; `None`: the cloud's name.
    pub hostname: Option<String>,
    /// Addresses to listen on outside.
    pub listen: Vec<SocketAddr>,
}

/// The process is inside.
#[derive(Debug)]
pub struct Isolated {
    /// The cloud's name.
    pub name: String,
    /// Listeners outside, non-blocking, in the order of the addresses wanted.
    pub listeners: Vec<TcpListener>,
    /// The host name inside.
    pub hostname: String,
    /// How this cloud's libvirt tells its host from others.
    pub host_uuid: Uuid,
    /// Whether the namespaces were there already: engines and guests may be running.
    pub found: bool,
}

/// What stands before a command that shall run inside an isolated cloud: `nsenter --net=... --mount=... COMMAND`.
pub fn command_prefix(state_dir: &Path, name: &str) -> Vec<String> {
    let places = Places::new(state_dir, name);
    vec![
        "nsenter".to_owned(),
        format!("--net={}", places.network.display()),
        format!("--mount={}", places.mount.display()),
    ]
}

/// The files of an isolated cloud.
#[derive(Debug, Clone)]
struct Places {
    /// Everything of it.
    folder: PathBuf,
    /// Says that the network namespace is ours, for one boot of the machine.
    claim: PathBuf,
    /// The private folders.
    root: PathBuf,
    /// A folder in which mounts do not spread.
    namespaces: PathBuf,
    /// The mount namespace.
    mount: PathBuf,
    /// The network namespace.
    network: PathBuf,
}

impl Places {
    fn new(state_dir: &Path, name: &str) -> Self {
        let folder = state_dir.join("isolated").join(name);
        let namespaces = folder.join("ns");
        Self {
            claim: folder.join("claim"),
            root: folder.join("root"),
            mount: namespaces.join("mnt"),
            namespaces,
            network: Path::new(NETWORK_NAMESPACES).join(name),
            folder,
        }
    }
}

fn check_name(name: &str) -> Result<(), DaemonError> {
    let fits = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if fits {
        return Ok(());
    }
    let reason = "is no name for an isolated cloud: at most 32 letters, digits, - and _".to_owned();
    Err(DaemonError::Option { option: "isolate", value: name.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_files_and_host_names() {
        for good in ["a", "cloud-1", "9", "a_b"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a/b", "..", "a b", "ä", &"x".repeat(33)] {
            assert!(check_name(bad).unwrap_err().to_string().contains("isolate"), "{bad}");
        }
    }

    #[test]
    fn commands_for_inside_are_told() {
        let prefix = command_prefix(Path::new("/var/lib/ferrostack"), "c1").join(" ");
        assert_eq!(prefix, "nsenter --net=/run/netns/c1 --mount=/var/lib/ferrostack/isolated/c1/ns/mnt");
    }
}
