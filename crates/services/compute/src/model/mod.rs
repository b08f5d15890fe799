//! The one internal model: what the rooms hand to each other.

mod flavor;
mod keypair;
mod node;
mod server;
mod state;

pub(crate) use flavor::Flavor;
pub(crate) use keypair::KeyPair;
pub(crate) use node::ComputeNode;
pub use server::ServerId;
pub(crate) use server::{DiskConfig, Domain, Server, ServerFault};
pub(crate) use state::{PowerState, Stage, State, Status, Task, VmState, Wish, derive};
