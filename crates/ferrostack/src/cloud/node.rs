//! The engines of this machine and the agent on them: the node of an all-in-one, or a process of its own.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ferrostack_agent::{Agent, AgentOptions, MetadataOptions};
use ferrostack_agent_api::ImageSource;
use ferrostack_base::{Clock, Secret};
use ferrostack_config::Settings;
use ferrostack_daemons::{EngineOptions, Engines, ExternalBridge, Running, StartBy};
use ipnet::{IpNet, Ipv4Net};

use super::{options::METADATA, virt_type};
use crate::error::CommandError;

/// How often the agent looks at everything, beside what engines tell it by themselves.
const OBSERVE: Duration = Duration::from_secs(10);

/// What a node needs of the rest of the cloud.
pub(super) struct Surroundings {
    /// Where it gets images from.
    pub(super) images: Arc<dyn ImageSource>,
    /// What it signs guests' questions for metadata with.
    pub(super) metadata_secret: Secret<String>,
    /// Whether it lives in namespaces of its own, where no init system starts engines.
    pub(super) isolated: bool,
}

/// The node of this machine.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) daemons: Running,
    pub(super) agent: Arc<Agent>,
}

/// The node's name: that of the machine.
///
/// # Errors
/// [`CommandError::NotRoot`]: without root there is no node.
pub(super) fn name() -> Result<String, CommandError> {
    if !rustix::process::geteuid().is_root() {
        return Err(CommandError::NotRoot);
    }
    Ok(rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// Starts what does not run, and the agent.
pub(super) async fn start(settings: &Settings, clock: &Clock, surroundings: Surroundings) -> anyhow::Result<Node> {
    let name = name()?;
    let daemons = Engines::ensure(engines(settings, clock, &name, surroundings.isolated)).await?;
    tokio::spawn({
        let daemons = daemons.clone();
        async move { daemons.watch().await }
    });
    let virt = virt_type::decide(settings, clock).await?;
    let agent = &settings.agent;
    let options = AgentOptions {
        libvirt_uri: daemons.libvirt_uri().to_owned(),
        virt_type: virt.virt_type,
        virt_type_reason: Some(virt.reason),
        open_vswitch: daemons.open_vswitch(),
        southbound: Some(daemons.southbound()),
        metadata: Some(MetadataOptions {
            url: format!("{}{METADATA}", agent.metadata_url),
            shared_secret: surroundings.metadata_secret,
        }),
        resolvers: agent.resolvers.iter().map(|address| SocketAddr::new(*address, 53)).collect(),
        image_cache_limit: agent.image_cache_bytes,
        reserved_disk: agent.reserved_disk_bytes,
        observe_every: OBSERVE,
        ..AgentOptions::new(&name, agent.host_ip, &agent.dir)
    };
    let agent = Agent::start(options, clock.clone(), surroundings.images).await?;
    Ok(Node { name, daemons, agent })
}

fn engines(settings: &Settings, clock: &Clock, name: &str, isolated: bool) -> EngineOptions {
    let network = &settings.network;
    let external = ExternalBridge {
        physical_network: network.physical_networks.first().cloned().unwrap_or_else(|| "public".to_owned()),
        addresses: vec![host_address(network.public_cidr)],
        ..ExternalBridge::default()
    };
    EngineOptions {
        encapsulation_address: settings.agent.host_ip,
        external: Some(external),
        start_by: if isolated { StartBy::Ourselves } else { StartBy::InitSystemIfAny },
        clock: clock.clone(),
        ..EngineOptions::new(&settings.state.dir, name)
    }
}

/// The first address of the external network, which is the host's own.
fn host_address(net: Ipv4Net) -> IpNet {
    let first = net.hosts().next().unwrap_or(net.network());
    Ipv4Net::new(first, net.prefix_len()).unwrap_or(net).into()
}

/// How others reach what listens on `bound`: on all addresses, that is the node's own.
pub(super) fn reached_at(bound: SocketAddr, host_ip: IpAddr) -> SocketAddr {
    if bound.ip().is_unspecified() { SocketAddr::new(host_ip, bound.port()) } else { bound }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_has_the_first_address() {
        assert_eq!(host_address("172.24.4.0/22".parse().unwrap()).to_string(), "172.24.4.1/22");
    }

    #[test]
    fn a_node_that_listens_everywhere_is_reached_at_its_own_address() {
        let host_ip = "10.0.0.7".parse().unwrap();
        for (bound, reached) in
            [("0.0.0.0:8082", "10.0.0.7:8082"), ("[::]:8082", "10.0.0.7:8082"), ("127.0.0.1:8082", "127.0.0.1:8082")]
        {
            assert_eq!(reached_at(bound.parse().unwrap(), host_ip).to_string(), reached);
        }
    }
}
