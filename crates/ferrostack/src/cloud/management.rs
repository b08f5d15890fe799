//! The nodes of a controller, across the management network.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use ferrostack_agent_api::{Agent, Agents};
use ferrostack_agent_link::{Directory, Link, LinkError, LinkOptions, Role, RosterError, Tls, management};
use ferrostack_base::chain;
use ferrostack_config::Settings;
use ferrostack_db::Db;
use ferrostack_ovn::Endpoint;
use ferrostack_reconcile::Reconcilers;

use super::{roster::Table, services::Services, tasks::Task, world::World};
use crate::{process::Process, secrets};

/// How often the roster is read: nodes that joined at other controllers are known after that.
const REFRESH: Duration = Duration::from_secs(10);

/// The controller's end of the management network.
pub(super) struct Management {
    link: Link,
    directory: Directory,
}

/// The world of a controller: an OVN at the addresses that the settings name, and the nodes that have joined. Neither need
/// be there now.
pub(super) async fn open(settings: &Settings, db: &Db) -> anyhow::Result<(World, Option<Management>)> {
    let management = join(settings, db).await?;
    let agents: Arc<dyn Agents> = match &management {
        Some(management) => Arc::new(management.directory.clone()),
        None => Arc::new(Nobody),
    };
    let world = World {
        agents,
        northbound: endpoint("network.northbound", settings.network.northbound.as_str())?,
        southbound: endpoint("network.southbound", settings.network.southbound.as_str())?,
        metadata_secret: secrets::of_state(&settings.state.dir, secrets::METADATA)?,
        daemons: None,
        changes: None,
    };
    Ok((world, management))
}

fn endpoint(setting: &str, address: &str) -> anyhow::Result<Endpoint> {
    address.parse().with_context(|| setting.to_owned())
}

/// The end of the network; none when nobody has made certificates.
async fn join(settings: &Settings, db: &Db) -> anyhow::Result<Option<Management>> {
    let dir = &settings.controller.tls_dir;
    let tls = match Tls::open(dir, Role::Controller, db.clock()) {
        Err(LinkError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            tracing::warn!(
                dir = %dir.display(),
                "there is no certificate of this controller, so it runs without nodes: make one with `ferrostack init`, then start again"
            );
            return Ok(None);
        }
        opened => opened?,
    };
    let link = Link::new(tls, LinkOptions::default());
    let directory = Directory::open(link.clone(), Arc::new(Table(db.clone()))).await?;
    Ok(Some(Management { link, directory }))
}

impl Management {
    /// Opens the port to agents, and makes nodes known to compute when they join.
    pub(super) async fn start(
        self,
        settings: &Settings,
        services: &Services,
        reconcilers: &Reconcilers,
        process: &Process,
    ) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
        let Self { link, directory } = self;
        let router = management(directory.clone(), Arc::new(services.image.clone()));
        let (_, serving) = link.serve(settings.controller.management_listen, router, process.stopping()).await?;
        tokio::spawn(register(services.clone(), directory.clone()));
        reconcilers.start(Task::new("node_finder", REFRESH, move || refresh(directory.clone())));
        Ok(serving)
    }
}

async fn refresh(directory: Directory) -> Result<String, RosterError> {
    Ok(format!("{} nodes have joined", directory.refresh().await?))
}

/// A node that joins gets its first servers at once, not after the registrar's next round.
async fn register(services: Services, directory: Directory) {
    let mut joined = directory.joined();
    loop {
        if let Err(error) = services.compute.register_nodes().await {
            tracing::warn!(reason = %chain(&error), "nodes that joined can't be made known yet");
        }
        if joined.changed().await.is_err() {
            return;
        }
    }
}

/// No nodes.
struct Nobody;

impl Agents for Nobody {
    fn agent(&self, _: &str) -> Option<Arc<dyn Agent>> {
        None
    }

    fn nodes(&self) -> Vec<String> {
        Vec::new()
    }
}
