//! The one internal model: what the rooms hand to each other.

mod console_token;
mod flavor;
mod guest;
mod keypair;
mod node;
mod server;
mod state;

pub(crate) use console_token::ConsoleToken;
pub(crate) use flavor::Flavor;
pub(crate) use guest::GuestFacts;
pub(crate) use keypair::KeyPair;
pub(crate) use node::ComputeNode;
pub use server::ServerId;
pub(crate) use server::{BootSource, DiskConfig, Domain, DomainChange, Server, ServerFault};
pub(crate) use state::{PowerState, Stage, State, Status, Task, VmState, Wish, derive};
