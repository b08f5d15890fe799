//! The service through its router, on each database.
#![allow(clippy::unwrap_used, missing_docs)]

mod access;
mod bootstrap;
mod cloud;
mod download;
mod lifecycle;
mod list;
mod recovery;
mod sharing;
mod update;
mod upload;
