//! A whole cloud in one process, for tests: several controllers on one database, simulated nodes, an in-memory OVN, and a
//! clock that the test moves. The failure matrix of the services' operations stands on it.

#![allow(clippy::expect_used, reason = "what fails here fails the test that uses it")]

mod check;
mod cloud;
pub mod scenarios;
mod tokens;

pub use cloud::{Controller, Database, TestCloud};
pub use tokens::{ADMIN_PROJECT, Tokens};
