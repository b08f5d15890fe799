//! The service through its router, on each database of the test run.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "helpers of tests, too, may fail")]

#[path = "../support/api.rs"]
mod api;
mod authorization;
mod cloud;
mod completeness;
mod contract;
mod discovery;
mod floating_ips;
mod metadata_ports;
mod networks;
mod ovn;
mod ports;
mod quotas;
mod routers;
mod security_groups;
mod subnets;
mod tags;
