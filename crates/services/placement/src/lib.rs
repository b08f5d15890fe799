//! The placement service: which provider has how much of what, and who has taken it. API microversions 1.0 to 1.39.
//!
//! Rooms: `api` (routes), `wire` (shapes), `app` (rules), `store` (SQL), and `view`, all providers in memory,
//! from which everything but consumers is read. Start with the theories of operation of `store` and `view`.

mod api;
mod app;
mod contract;
mod error;
mod names;
mod policy;
mod store;
mod view;
mod wire;

use std::sync::Arc;

use ferrostack_auth::Microversion;
use ferrostack_base::Timestamp;
use ferrostack_db::{Db, Migrations, Tx};
use ferrostack_http::{Routes, Versions};

pub use error::{Misfit, PlacementError};
pub use policy::ACTIONS;

/// The tables of this service.
pub const MIGRATIONS: Migrations = store::MIGRATIONS;

/// The microversions that every route holds.
pub const VERSIONS: Versions = Versions {
    service: "placement",
    legacy_header: None,
    min: Microversion::new(1, 0),
    max: Microversion::new(1, 39),
    default: Microversion::new(1, 0),
};

/// What can be set.
#[derive(Debug, Clone)]
pub struct PlacementOptions {
    /// Candidates begin at a random provider, so that clients that take the first ones spread over the cloud.
    pub randomize_candidates: bool,
    /// At most so many candidates are worked out for one request, whatever it asks for.
    pub max_candidates: usize,
    /// The project of consumers that clients older than microversion 1.8 make.
    pub incomplete_consumer_project_id: String,
    /// The user of such consumers.
    pub incomplete_consumer_user_id: String,
}

impl Default for PlacementOptions {
    fn default() -> Self {
        let nobody = "00000000-0000-0000-0000-000000000000".to_owned();
        Self {
            randomize_candidates: false,
            max_candidates: 100_000,
            incomplete_consumer_project_id: nobody.clone(),
            incomplete_consumer_user_id: nobody,
        }
    }
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Placement(Arc<Inner>);

struct Inner {
    db: Db,
    view: view::View,
    combiner: app::combiner::Combiner,
    options: PlacementOptions,
}

impl Placement {
    /// The service on a database that has [`MIGRATIONS`].
    pub fn new(db: Db, options: PlacementOptions) -> Self {
        Self(Arc::new(Inner { view: view::View::new(db.clone()), combiner: Default::default(), db, options }))
    }

    fn db(&self) -> &Db {
        &self.0.db
    }

    fn options(&self) -> &PlacementOptions {
        &self.0.options
    }

    fn combiner(&self) -> &app::combiner::Combiner {
        &self.0.combiner
    }

    fn now(&self) -> Timestamp {
        self.0.db.clock().now()
    }

    /// All providers as of now.
    async fn index(&self) -> Result<Arc<view::Index>, PlacementError> {
        Ok(self.0.view.current().await?)
    }

    /// All providers as they were when somebody looked last.
    fn recent_index(&self) -> Arc<view::Index> {
        self.0.view.recent()
    }

    /// Makes [`begin`] possible; called before the transaction.
    async fn ready(&self) -> Result<&view::Epoch, PlacementError> {
        Ok(self.0.view.epoch().await?)
    }
}

/// The first statement of each transaction that writes.
async fn begin(tx: &Tx, epoch: &view::Epoch) -> Result<(), PlacementError> {
    Ok(store::change::begin(tx, epoch).await?)
}

/// All routes, to be mounted at `/placement` with [`VERSIONS`] and `Dialect::Placement`.
pub fn routes() -> Routes<Placement> {
    api::routes()
}
