//! What can go wrong on a node, and what a controller is told then.

use std::{io, path::PathBuf, time::Duration};

use ferrostack_agent_api::{AgentError, AgentErrorKind};
use ferrostack_base::Fence;
use ferrostack_image_format::Mismatch;
use ferrostack_libvirt::LibvirtError;
use ferrostack_ovn::OvnError;
use uuid::Uuid;

/// The agent can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder or file can't be used.
    #[error("{path:?} can't be used")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The state folder's path is so long that sockets below it can't be named.
    #[error("the state folder {path:?} has {length} bytes; sockets below it allow for {limit}")]
    LongPath {
        /// The folder.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// The most, in bytes.
        limit: usize,
    },
    /// QEMU, which runs as another user, could not open the disks.
    #[error(
        "the user {user}, which QEMU runs as, can't pass through {path:?}: make it traversable, or choose another state folder"
    )]
    Closed {
        /// The folder.
        path: PathBuf,
        /// The user's number.
        user: u32,
    },
    /// Another agent has it.
    #[error("the state folder {path:?} is used by another agent")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Requests for metadata can't be passed on.
    #[error("no HTTP client can be made")]
    HttpClient(#[source] reqwest::Error),
    /// A file of the ledger is broken: somebody changed it, or the disk did.
    #[error("the ledger's file {path:?} is broken")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// What went wrong while acting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    #[error("fence {fence} of server {server} is overtaken by {seen}")]
    Fenced { server: Uuid, fence: Fence, seen: Fence },
    #[error("no domain of server {server} is on this node")]
    NoDomain { server: Uuid },
    #[error("server {server} is off")]
    Off { server: Uuid },
    #[error("{what}")]
    Refused { what: String },
    #[error("{what}")]
    Away { what: String },
    #[error("{what} did not end within {} s", after.as_secs_f32())]
    Late { what: String, after: Duration },
    #[error("{command} can't be run")]
    Spawn {
        command: String,
        #[source]
        source: io::Error,
    },
    #[error("{command} failed: {said}")]
    Command { command: String, said: String },
    #[error("{path:?} can't be used")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path:?} has {free} bytes free, {needed} would be needed")]
    Full { path: PathBuf, free: u64, needed: u64 },
    #[error("the data of image {image} can't be had: {reason}")]
    ImageSource { image: Uuid, reason: String, away: bool },
    #[error("the data of image {image} was cut off")]
    ImageCut {
        image: Uuid,
        #[source]
        source: io::Error,
    },
    #[error("image {image} can't be used")]
    Image {
        image: Uuid,
        #[source]
        source: Mismatch,
    },
    #[error("image {image} can't be used: {reason}")]
    BadImage { image: Uuid, reason: String },
    #[error("libvirt does not do it")]
    Libvirt(#[from] LibvirtError),
    #[error("Open vSwitch does not do it")]
    OpenVswitch(#[from] OvnError),
}

impl NodeError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::Refused { what: what.into() }
    }

    /// Whether an engine or a source is away: the same may succeed later without anything being changed.
    pub(crate) fn is_away(&self) -> bool {
        self.kind() == AgentErrorKind::Unreachable
    }

    fn kind(&self) -> AgentErrorKind {
        match self {
            Self::Fenced { .. } => AgentErrorKind::Fenced,
            Self::NoDomain { .. } => AgentErrorKind::NotFound,
            // Another try may find the engine or the source back.
            Self::Away { .. } | Self::Late { .. } | Self::ImageCut { .. } => AgentErrorKind::Unreachable,
            Self::ImageSource { away: true, .. } => AgentErrorKind::Unreachable,
            Self::Libvirt(error) if error.is_transient() => AgentErrorKind::Unreachable,
            Self::OpenVswitch(
                OvnError::Connect { .. }
                | OvnError::ConnectionLost { .. }
                | OvnError::NotConnected { .. }
                | OvnError::Read(_),
            ) => AgentErrorKind::Unreachable,
            _ => AgentErrorKind::Refused,
        }
    }
}

impl From<NodeError> for AgentError {
    fn from(error: NodeError) -> Self {
        Self::new(error.kind(), ferrostack_base::chain(&error).to_string())
    }
}
