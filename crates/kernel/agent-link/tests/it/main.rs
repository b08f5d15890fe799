//! Both ends of the link over loopback, with real TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod calls;
mod certificates;
mod consoles;
mod death;
mod images;
mod raw;
mod reports;
mod versions;
mod world;
