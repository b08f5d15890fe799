//! The simulated OVSDB server through its wire, and beside a real one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod parity;
mod random;
mod real_server;
mod typed_rows;
