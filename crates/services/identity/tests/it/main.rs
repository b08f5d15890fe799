//! The whole service, through its router, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, too, may fail")]

mod authorization;
mod bootstrap;
mod catalog;
mod cloud;
mod completeness;
mod discovery;
mod domains;
mod groups;
mod projects;
mod role_assignments;
mod roles;
mod tokens;
mod users;
