//! A node as a process of its own, which controllers reach across the management network.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use ferrostack_agent_api::Agent;
use ferrostack_agent_link::{
    Controllers, Link, LinkError, LinkOptions, RemoteImages, Reporter, Role, Standing, Tls, agent_routes,
};
use ferrostack_base::Clock;
use ferrostack_config::Settings;
use futures::future::{BoxFuture, join};
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    node::{self, Node, Surroundings},
    world::{agent_parts, daemon_parts},
};
use crate::{
    control::{Control, Seen},
    error::CommandError,
    health::{Health, Part},
    process::Process,
    secrets,
};

/// Runs the node until the process is to stop. Its guests and engines go on.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run(settings: Settings, process: Process) -> anyhow::Result<()> {
    let clock = Clock::system();
    let name = node::name()?;
    let link = open(&settings, &clock, &name)?;
    let controllers = Controllers::new(&link, &settings.agent.controllers)?;
    let surroundings = Surroundings {
        images: Arc::new(RemoteImages::new(controllers.clone())),
        metadata_secret: secrets::read(&settings.agent.tls_dir.join(secrets::METADATA))?,
        isolated: process.isolated().is_some(),
    };
    let node = node::start(&settings, &clock, surroundings).await?;
    let listen = settings.agent.listen;
    let (bound, serving) = link.serve(listen, agent_routes(node.agent.clone()), process.stopping()).await?;
    let reporter = Reporter::new(
        &clock,
        controllers,
        node.agent.clone(),
        node::reached_at(bound, settings.agent.host_ip),
        env!("CARGO_PKG_VERSION"),
        Duration::from_secs(settings.agent.report_s),
    );
    let mut standing = reporter.standing();
    process.offer(Arc::new(Local { node, standing: standing.clone() }))?;
    tokio::spawn(reporter.run());
    tokio::spawn({
        let process = process.clone();
        async move {
            let known = standing.wait_for(|standing| matches!(standing, Standing::Known { .. })).await;
            let Ok(Standing::Known { controller, .. }) = known.as_deref() else { return };
            process.node_ready(&name, controller);
        }
    });
    serving.await;
    Ok(())
}

/// This end of the management network, with a certificate of this very node.
fn open(settings: &Settings, clock: &Clock, name: &str) -> anyhow::Result<Link> {
    let dir = &settings.agent.tls_dir;
    let tls = match Tls::open(dir, Role::Agent, clock) {
        Err(LinkError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            bail!(CommandError::NoBundle { dir: dir.clone(), node: name.to_owned() });
        }
        opened => opened?,
    };
    let holder = tls.identity().name;
    if holder != name {
        bail!(CommandError::OtherNode { dir: dir.clone(), holder, node: name.to_owned() });
    }
    Ok(Link::new(tls, LinkOptions::default()))
}

/// What the process tells the commands of its machine.
struct Local {
    node: Node,
    standing: watch::Receiver<Standing>,
}

impl Control for Local {
    fn status(&self) -> BoxFuture<'_, Vec<Part>> {
        let (health, reason, since) = match self.standing.borrow().clone() {
            Standing::Known { controller, at } => (Health::Healthy, controller, Some(at)),
            Standing::Unheard { reason } => (Health::Degraded, reason, None),
            Standing::Starting => (Health::Degraded, String::new(), None),
        };
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        Box::pin(async move { vec![Part { name: "node_reporter".to_owned(), health, reason, since }] })
    }

    fn engines(&self) -> BoxFuture<'_, Vec<Part>> {
        Box::pin(async {
            let (mut parts, agents) =
                join(daemon_parts(&self.node.daemons), agent_parts(&self.node.name, &*self.node.agent)).await;
            parts.extend(agents);
            parts
        })
    }

    fn audit(&self) -> BoxFuture<'_, anyhow::Result<Vec<String>>> {
        Box::pin(async { bail!("a node has no tables to compare: ask a controller") })
    }

    fn explain(&self, id: Uuid) -> BoxFuture<'_, anyhow::Result<Seen>> {
        Box::pin(async move { Ok(Seen { objects: self.node.agent.explain(id).await?, ..Seen::default() }) })
    }
}
