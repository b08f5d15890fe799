//! The built binary, as its users meet it: what commands print, and how they end when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod data;
mod failures;
mod init;
mod program;
mod settings;
mod up;
