//! The world of an all-in-one: this machine's engines, and its node in the same process.

use std::sync::Arc;

use ferrostack_agent_api::{Agent, Agents};
use ferrostack_base::Clock;
use ferrostack_config::Settings;
use ferrostack_image::Image;

use super::{
    node::{self, Node, Surroundings},
    world::World,
};
use crate::{isolation::Isolation, secrets};

/// Starts what does not run, and the agent of this node.
pub(super) async fn open(
    settings: &Settings,
    clock: &Clock,
    image: &Image,
    isolation: Option<&Isolation>,
) -> anyhow::Result<World> {
    // Before anything is written: without root there is no node.
    node::name()?;
    let metadata_secret = secrets::of_state(&settings.state.dir, secrets::METADATA)?;
    let surroundings = Surroundings {
        images: Arc::new(image.clone()),
        metadata_secret: metadata_secret.clone(),
        isolated: isolation.is_some(),
    };
    let Node { name, daemons, agent } = node::start(settings, clock, surroundings).await?;
    Ok(World {
        northbound: daemons.northbound(),
        southbound: daemons.southbound(),
        changes: Some(agent.changes()),
        agents: Arc::new(Local { name, agent }),
        metadata_secret,
        daemons: Some(daemons),
    })
}

/// The one node, in this process.
struct Local {
    name: String,
    agent: Arc<dyn Agent>,
}

impl Agents for Local {
    fn agent(&self, node: &str) -> Option<Arc<dyn Agent>> {
        (node == self.name).then(|| self.agent.clone())
    }

    fn nodes(&self) -> Vec<String> {
        vec![self.name.clone()]
    }
}
