//! The control socket `<state dir>/control.sock`: what a running process says to the commands of the same machine.
//!
//! Only the owner of the process may connect (mode 0600). One connection carries one request, a line (`status` or
//! `audit`), and one answer, a line of JSON; then it is closed.

mod address;
mod client;
mod server;

pub use client::{audit, status};
pub use server::serve;

use ferrostack_base::Timestamp;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::health::{self, Part};

/// What the cloud in a process can be asked.
pub trait Control: Send + Sync + 'static {
    /// Its background tasks and what else only the process knows, each with its health.
    fn status(&self) -> BoxFuture<'_, Vec<Part>>;

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

/// The answer to `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The process itself.
    #[serde(flatten)]
    pub about: About,
    /// Its background tasks.
    pub tasks: Vec<Part>,
}

/// A line of JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Status(Running),
    Audit(Vec<String>),
    Error(String),
}

#[cfg(test)]
mod tests;
