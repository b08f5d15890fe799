//! The listening ends.

mod admission;
mod console;
mod json;
mod listener;
mod routes;

pub(crate) use admission::{Peer, only};
pub(crate) use json::{Body, Refusal, fallback};
pub use routes::agent_routes;
