//! Whole-service tests: through the router, with real operations, simulated nodes, and fakes of the neighbours.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, may fail")]

mod authorization;
mod cloud;
mod consoles;
mod discovery;
mod failures;
mod flavors;
mod guest_metadata;
mod keypairs;
mod nodes;
mod power;
mod quotas;
mod reconcilers;
mod servers;
