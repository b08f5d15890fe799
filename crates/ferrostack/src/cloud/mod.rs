//! The one place where the services, the engines and the nodes are put together.

mod agent;
mod bootstrap;
mod clouds_yaml;
mod control;
mod explain;
mod management;
mod node;
mod nodes;
mod operator;
mod options;
mod real;
mod roster;
mod routers;
mod services;
mod simulated;
mod tasks;
mod test_doors;
mod virt_type;
mod watch;
mod world;

use std::sync::Arc;

use anyhow::bail;
use ferrostack_auth::Policy;
use ferrostack_config::Settings;
use ferrostack_db::Migrations;
use ferrostack_http::{Gate, ServeError, axum::Router, serve, serve_on};
use ferrostack_image::Image;
use ferrostack_observe::Metrics;
use ferrostack_policy::Action;
use ferrostack_reconcile::Reconcilers;
use ferrostack_saga::Saga;

pub use agent::run as run_node;
pub use explain::explain;
pub use nodes::nodes;

use self::{operator::Operator, services::Services};
use crate::{
    database,
    isolation::Isolation,
    process::{Process, Role},
};

/// Runs the cloud until the process is to stop.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run(settings: Settings, process: Process) -> anyhow::Result<()> {
    let role = process.role();
    let db = database::open(&settings).await?;
    db.migrate(&migrations()).await?;
    let saga = Saga::start(db.clone(), options::saga(&settings, process.node())).await?;
    let image = Image::new(db.clone(), options::image(&settings));
    let (world, management) = match role {
        Role::AllInOne => (real::open(&settings, db.clock(), &image, process.isolated()).await?, None),
        Role::Simulated => (simulated::open(&settings, db.clock())?, None),
        Role::Controller => management::open(&settings, &db).await?,
        Role::Agent => bail!("an agent runs no services"),
    };
    let services = Services::new(&settings, &db, saga.clone(), image, &world)?;
    services.image.start().await?;
    let made = bootstrap::identity(&settings, &services).await?;
    bootstrap::content(&settings, &services, made.admin_project_id.as_str(), role).await?;
    if role != Role::Controller {
        services.compute.register_nodes().await?;
    }

    let (metrics, policy) = (Arc::new(Metrics::new()), Arc::new(policy()?));
    test_doors::open(&settings, &process, &policy).await?;
    let gate = Gate { authenticator: Arc::new(services.identity.clone()), policy: policy.clone() };
    let router = routers::router(&services, &gate, Some(&metrics));
    let serving = listen(&settings, &process, router).await?;
    let reconcilers = Reconcilers::new(db.clock().clone());
    tasks::start(&reconcilers, &settings, &db, &services);
    if let Some(changes) = world.changes.clone() {
        tokio::spawn(tasks::watch_guests(reconcilers.clone(), changes));
    }
    tokio::spawn(tasks::check_when_connected(reconcilers.clone(), services.clone()));
    if let Some(management) = management {
        tokio::spawn(management.start(&settings, &services, &reconcilers, &process).await?);
    }
    // From here on operations that an earlier process left behind go on.
    tokio::spawn(saga.clone().run());
    let token = Arc::new(operator::Token::new(made.admin_project_id.as_str()));
    let gate = Gate { authenticator: token.clone(), policy };
    let operator = Operator { router: routers::router(&services, &gate, None), token };
    process.offer(Arc::new(control::Cloud { db, services, reconcilers, world, operator }))?;
    process.ready();
    serving.await?;
    saga.stop().await?;
    Ok(())
}

/// Opens the port, inside an isolated cloud and outside of it, and serves until the process is to stop.
async fn listen(
    settings: &Settings,
    process: &Process,
    router: Router,
) -> anyhow::Result<impl Future<Output = Result<(), ServeError>>> {
    let outside = match process.isolated().and_then(Isolation::take_listener) {
        Some(listener) => Some(serve_on(listener, router.clone(), process.stopping())?),
        None => None,
    };
    let (_, inside) = serve(settings.api.listen, router, process.stopping()).await?;
    Ok(async move {
        match outside {
            Some(outside) => tokio::try_join!(outside, inside).map(drop),
            None => inside.await,
        }
    })
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

/// The tables of all services, and of this program itself.
pub fn migrations() -> Vec<Migrations> {
    vec![
        ferrostack_saga::MIGRATIONS,
        ferrostack_quota::MIGRATIONS,
        ferrostack_identity::MIGRATIONS,
        ferrostack_image::MIGRATIONS,
        ferrostack_placement::MIGRATIONS,
        ferrostack_network::MIGRATIONS,
        ferrostack_compute::MIGRATIONS,
        roster::MIGRATIONS,
    ]
}
