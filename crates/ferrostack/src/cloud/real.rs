//! The engines and the node of an all-in-one.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ferrostack_agent::{AgentOptions, MetadataOptions};
use ferrostack_agent_api::Agents;
use ferrostack_base::Clock;
use ferrostack_config::Settings;
use ferrostack_daemons::{EngineOptions, Engines, ExternalBridge, StartBy};
use ferrostack_image::Image;
use ipnet::{IpNet, Ipv4Net};

use super::{options::METADATA, virt_type, world::World};
use crate::{error::CommandError, isolation::Isolation, secrets};

/// How often the agent looks at everything, beside what engines tell it by themselves.
const OBSERVE: Duration = Duration::from_secs(10);

/// Starts what does not run, and the agent of this node.
pub(super) async fn open(
    settings: &Settings,
    clock: &Clock,
    image: &Image,
    isolation: Option<&Isolation>,
) -> anyhow::Result<World> {
    if !rustix::process::geteuid().is_root() {
        return Err(CommandError::NotRoot.into());
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let daemons = Engines::ensure(engines(settings, clock, &name, isolation.is_some())).await?;
    tokio::spawn({
        let daemons = daemons.clone();
        async move { daemons.watch().await }
    });
    let metadata_secret = secrets::of_state(&settings.state.dir, "metadata-secret")?;
    let virt = virt_type::decide(settings, clock).await?;
    let resolvers = &settings.agent.resolvers;
    let options = AgentOptions {
        libvirt_uri: daemons.libvirt_uri().to_owned(),
        virt_type: virt.virt_type,
        virt_type_reason: Some(virt.reason),
        open_vswitch: daemons.open_vswitch(),
        southbound: Some(daemons.southbound()),
        metadata: Some(MetadataOptions {
            url: format!("http://{}{METADATA}", reachable(settings.api.listen)),
            shared_secret: metadata_secret.clone(),
        }),
        resolvers: resolvers.iter().map(|address| SocketAddr::new(*address, 53)).collect(),
        image_cache_limit: settings.agent.image_cache_bytes,
        reserved_disk: settings.agent.reserved_disk_bytes,
        observe_every: OBSERVE,
        ..AgentOptions::new(&name, settings.agent.host_ip, &settings.agent.dir)
    };
    let agent = ferrostack_agent::Agent::start(options, clock.clone(), Arc::new(image.clone())).await?;
    Ok(World {
        northbound: daemons.northbound(),
        southbound: daemons.southbound(),
        agents: Arc::new(Local { name, agent }),
        metadata_secret,
        daemons: Some(daemons),
    })
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

/// How this machine reaches its own listener.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The one node, in this process.
struct Local {
    name: String,
    agent: Arc<ferrostack_agent::Agent>,
}

impl Agents for Local {
    fn agent(&self, node: &str) -> Option<Arc<dyn ferrostack_agent_api::Agent>> {
        (node == self.name).then(|| self.agent.clone() as Arc<dyn ferrostack_agent_api::Agent>)
    }

    fn nodes(&self) -> Vec<String> {
        vec![self.name.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_has_the_first_address() {
        assert_eq!(host_address("172.24.4.0/22".parse().unwrap()).to_string(), "172.24.4.1/22");
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_by_loopback() {
        assert_eq!(reachable("0.0.0.0:80".parse().unwrap()).to_string(), "127.0.0.1:80");
        assert_eq!(reachable("[::]:80".parse().unwrap()).to_string(), "[::1]:80");
        assert_eq!(reachable("10.0.0.5:80".parse().unwrap()).to_string(), "10.0.0.5:80");
    }
}
