//! Whole-service tests: through the router, with real operations, simulated nodes, and fakes of the neighbours.

mod authorization;
mod cloud;
mod discovery;
mod failures;
mod flavors;
mod keypairs;
mod nodes;
mod power;
mod quotas;
mod reconcilers;
mod servers;
