//! What controllers and agents say to each other: versioned types only; version N speaks with N-1, so fields are only
//! added, with defaults.
//!
//! Agents take state, not messages (R8). A controller *puts* what it wants of a server's domain, with the server's fence
//! and a generation; the agent writes that into its ledger before it acts, and reports what is. What is no state (a
//! reboot) is a numbered one-shot. An agent refuses a lower fence than it has seen for that server and keeps a tombstone
//! of deleted ones, so that a zombie controller can't bring them back (R4).

mod console;
mod domain;
mod engine;
mod error;
mod image_source;
mod node;

use std::{future::Future, pin::Pin, sync::Arc};

use ferrostack_base::Fence;
use uuid::Uuid;

pub use console::{ByteStream, ConsoleKind};
pub use domain::{
    BootImage, DomainReport, DomainSpec, GuestFile, Interface, InterfaceAddress, MetadataPort, OneShot, OneShotKind,
    Power, Wanted,
};
pub use engine::{EngineFacts, EngineObject};
pub use error::{AgentError, AgentErrorKind};
pub use image_source::{ImageData, ImageSource};
pub use node::NodeFacts;

/// The version of these types.
pub const VERSION: u32 = 1;

/// The future of every call to an agent.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, AgentError>> + Send + 'a>>;

/// An agent, in this process or across the management network.
pub trait Agent: Send + Sync {
    /// What the node is and has.
    fn facts(&self) -> Reply<'_, NodeFacts>;
    /// Makes the domain as wanted: defines it, starts or stops it. Repeating it changes nothing. Answers when it is so.
    fn put_domain<'a>(&'a self, spec: &'a DomainSpec) -> Reply<'a, DomainReport>;
    /// Removes the domain and all that belongs to it, and keeps a tombstone. No such domain is fine.
    fn drop_domain(&self, server: Uuid, fence: Fence) -> Reply<'_, ()>;
    /// Does something once: a number that was done already is not done again.
    fn one_shot<'a>(&'a self, shot: &'a OneShot) -> Reply<'a, DomainReport>;
    /// The last `lines` lines of the console; all of it when `None`.
    fn console_log(&self, server: Uuid, lines: Option<usize>) -> Reply<'_, String>;
    /// All domains of ours on the node.
    fn domains(&self) -> Reply<'_, Vec<DomainReport>>;
    /// Connects to a console of the domain; `Refused` when it is off.
    fn open_console(&self, server: Uuid, kind: ConsoleKind) -> Reply<'_, Box<dyn ByteStream>>;
    /// The node's engines with their versions and health.
    fn engines(&self) -> Reply<'_, Vec<EngineFacts>>;
    /// What the node's engines have of a server.
    fn explain(&self, server: Uuid) -> Reply<'_, Vec<EngineObject>>;
}

/// Finds the agent of a node.
pub trait Agents: Send + Sync {
    /// The agent of the node with that name; `None` when no such node has ever joined.
    fn agent(&self, node: &str) -> Option<Arc<dyn Agent>>;
    /// All nodes that have joined.
    fn nodes(&self) -> Vec<String>;
}
