//! Placement through its router and its contract, on SQLite and, where the test run offers one, on MariaDB.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

mod allocation;
mod authorization;
mod candidate;
mod cloud;
mod completeness;
mod contract;
mod hammer;
mod inventory;
mod names;
mod provider;
mod reshaper;
