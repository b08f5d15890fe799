//! The control socket `<state dir>/control.sock`: what a running process says to the commands of the same machine.
//!
//! Only the owner of the process may connect (mode 0600). One connection carries one request, a line (`status`, `audit` or
//! `explain ID`), and one answer, a line of JSON; then it is closed.

mod address;
mod client;
mod server;

pub use client::{audit, explain, status};
pub use server::serve;

use ferrostack_agent_api::EngineObject;
use ferrostack_base::Timestamp;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::health::{self, Part};

/// What the cloud in a process can be asked.
pub trait Control: Send + Sync + 'static {
    /// Its background tasks and what else only the process knows, each with its health.
    fn status(&self) -> BoxFuture<'_, Vec<Part>>;

    /// The engines under it and on its nodes.
    fn engines(&self) -> BoxFuture<'_, Vec<Part>>;

    /// What the API and the engines show of a resource.
    fn explain(&self, id: Uuid) -> BoxFuture<'_, anyhow::Result<Seen>>;

    /// Compares the tables, the nodes and OVN's database; one line for each thing that does not agree, none when all does.
    /// What is on its way while it looks is no discrepancy.
    fn audit(&self) -> BoxFuture<'_, anyhow::Result<Vec<String>>>;
}

/// What the process knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its number.
    pub pid: u32,
    /// Of the program.
    pub version: String,
    /// Its role, by the command that started it.
    pub role: String,
    /// Where clients reach the APIs.
    pub url: String,
    /// When it started.
    #[serde(with = "health::time")]
    pub started: Option<Timestamp>,
}

/// The answer to `explain`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The API's path of the resource; empty when there is none.
    pub path: String,
    /// What the API shows there, as JSON.
    pub api: String,
    /// What the engines have of it.
    pub objects: Vec<EngineObject>,
}

/// The answer to `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The process itself.
    #[serde(flatten)]
    pub about: About,
    /// The engines under it and on its nodes.
    pub engines: Vec<Part>,
    /// Its background tasks.
    pub tasks: Vec<Part>,
}

/// A line of JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Status(Running),
    Audit(Vec<String>),
    Explain(Seen),
    Error(String),
}

#[cfg(test)]
mod tests;
