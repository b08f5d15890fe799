//! The one place where the services, the engines and the nodes are put together.

mod bootstrap;
mod clouds_yaml;
mod control;
mod explain;
mod nodes;
mod options;
mod routers;
mod services;
mod simulated;
mod tasks;
mod watch;

use std::sync::Arc;

use ferrostack_auth::Policy;
use ferrostack_config::Settings;
use ferrostack_db::Migrations;
use ferrostack_http::serve;
use ferrostack_observe::Metrics;
use ferrostack_policy::Action;
use ferrostack_reconcile::Reconcilers;
use ferrostack_saga::Saga;

pub use explain::explain;
pub use nodes::nodes;

use self::services::Services;
use crate::{
    database,
    process::{Process, Role},
};

/// Runs the cloud until the process is to stop.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run(settings: Settings, process: Process) -> anyhow::Result<()> {
    let simulated = process.role() == Role::Simulated;
    let db = database::open(&settings).await?;
    db.migrate(&migrations()).await?;
    let saga = Saga::start(db.clone(), options::saga(&settings, process.node())).await?;
    let world = simulated::open(&settings, db.clock(), simulated)?;
    let services = Services::new(&settings, &db, saga.clone(), Arc::new(world.nodes.clone()), world.ovn.endpoint())?;
    services.image.start().await?;
    let made = bootstrap::identity(&settings, &services).await?;
    bootstrap::content(&settings, &services, made.admin_project_id.as_str(), simulated).await?;
    services.compute.register_nodes().await?;

    let metrics = Arc::new(Metrics::new());
    let router = routers::router(&services, Arc::new(policy()?), &metrics);
    let (_, serving) = serve(settings.api.listen, router, process.stopping()).await?;
    let reconcilers = Reconcilers::new(db.clock().clone());
    tasks::start(&reconcilers, &settings, &db, &services);
    // From here on operations that an earlier process left behind go on.
    tokio::spawn(saga.clone().run());
    process.offer(Arc::new(control::Cloud { services, reconcilers }))?;
    process.ready();
    serving.await?;
    saga.stop().await?;
    Ok(())
}

/// The default rules of all services.
const ACTIONS: [&[Action]; 5] = [
    ferrostack_identity::ACTIONS,
    ferrostack_image::ACTIONS,
    ferrostack_placement::ACTIONS,
    ferrostack_network::ACTIONS,
    ferrostack_compute::ACTIONS,
];

fn policy() -> anyhow::Result<Policy> {
    Ok(Policy::new(ACTIONS)?)
}

/// The tables of all services.
pub fn migrations() -> Vec<Migrations> {
    vec![
        ferrostack_saga::MIGRATIONS,
        ferrostack_quota::MIGRATIONS,
        ferrostack_identity::MIGRATIONS,
        ferrostack_image::MIGRATIONS,
        ferrostack_placement::MIGRATIONS,
        ferrostack_network::MIGRATIONS,
        ferrostack_compute::MIGRATIONS,
    ]
}
