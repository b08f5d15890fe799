//! The Compute service: Compute API v2.1, served at the prefix `/compute/v2.1`.
//!
//! # Theory of operation
//! A server has two records with two owners (R7). The table `server` is what is wanted, and the controllers' own. The
//! table `domain` is what is, as the node's agent reported it last. What users see of a server's state is computed from
//! the two, and from the live operation, by one pure function ([`model::derive`]); its result is stored in the transaction
//! that changes one of them, so that lists can filter by it.
//!
//! Whatever takes time is a durable operation ([`sagas`]). A request writes the server's row, takes its quota and accepts
//! the operation in one transaction, and answers. At most one operation is live per server, and the row names it.
//! `delete_server` may overtake any other at any moment.
//!
//! Where one operation leaves its hands off, [`tasks`] look after things: what guests do by themselves, nodes that come
//! back after a long silence, and leftovers of any kind. [`Compute::audit`] lists what they would repair.

mod api;
mod app;
mod error;
mod model;
mod options;
mod policy;
pub mod sagas;
mod store;
pub mod tasks;
#[cfg(feature = "testing")]
pub mod testing;
mod wire;

use std::sync::Arc;

use ferrostack_agent_api::Agents;
use ferrostack_base::{Clock, Timestamp};
use ferrostack_contracts::{Image, Network, Placement};
use ferrostack_db::Db;
use ferrostack_saga::Saga;

pub use api::{console_routes, metadata_routes, root_routes, routes};
pub use app::explanation::{Attempt, SchedulingReasons, scheduling_reasons};
pub use app::flavor::NewFlavor;
pub use error::ComputeError;
pub use model::ServerId;
pub use options::{ComputeOptions, Quotas};
pub use policy::ACTIONS;
pub use sagas::OPERATION_KINDS;
pub use store::MIGRATIONS;

use app::guest_metadata::GuestCache;

/// What the service stands on.
pub struct ComputeDeps {
    /// Its database.
    pub db: Db,
    /// The engine of durable operations; this service registers its own with it.
    pub saga: Saga,
    /// The image service.
    pub image: Arc<dyn Image>,
    /// The network service.
    pub network: Arc<dyn Network>,
    /// The placement service.
    pub placement: Arc<dyn Placement>,
    /// The nodes.
    pub agents: Arc<dyn Agents>,
    /// The settings.
    pub options: ComputeOptions,
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Compute(Arc<Inner>);

struct Inner {
    deps: ComputeDeps,
    guest_cache: GuestCache,
}

impl Compute {
    /// The service over its neighbours. Its operations are known to the saga afterwards.
    pub fn new(deps: ComputeDeps) -> Self {
        let compute = Self(Arc::new(Inner { deps, guest_cache: GuestCache::default() }));
        sagas::register(&compute);
        compute
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.deps.db
    }

    pub(crate) fn saga(&self) -> &Saga {
        &self.0.deps.saga
    }

    pub(crate) fn image(&self) -> &dyn Image {
        &*self.0.deps.image
    }

    pub(crate) fn network(&self) -> &dyn Network {
        &*self.0.deps.network
    }

    pub(crate) fn placement(&self) -> &dyn Placement {
        &*self.0.deps.placement
    }

    pub(crate) fn agents(&self) -> &dyn Agents {
        &*self.0.deps.agents
    }

    pub(crate) fn options(&self) -> &ComputeOptions {
        &self.0.deps.options
    }

    pub(crate) fn guest_cache(&self) -> &GuestCache {
        &self.0.guest_cache
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.0.deps.db.clock()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }
}
