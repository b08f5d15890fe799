//! Against the real library, daemon and emulator; a test says why it is skipped where one of them is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, too, may fail")]

mod domain;
mod guest;
mod probe;
mod support;
