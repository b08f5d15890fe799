//! Running engines: where they are reached, how they are.

use std::{collections::BTreeMap, sync::Arc};

use ferrostack_ovn::Endpoint;
use tokio::sync::watch;

use crate::{
    DaemonError, Datapath, EngineHealth, Engines, ExternalState, Version,
    engines::SetUp,
    external, health, offload,
    open_vswitch::OpenVswitch,
    places::{LIBVIRT_URI, NORTHBOUND_SOCKET, OPEN_VSWITCH_SOCKET, SOUTHBOUND_SOCKET},
};

/// The engines of this node; clones share them.
#[derive(Debug, Clone)]
pub struct Running(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) engines: Engines,
    system_id: String,
    datapath: Datapath,
    external: Option<ExternalState>,
    /// How often vswitchd was seen to be another process.
    pub(crate) switch_restarts: watch::Sender<u64>,
}

impl Running {
    pub(crate) fn new(engines: Engines, set_up: SetUp) -> Self {
        let SetUp { system_id, datapath, external } = set_up;
        Self(Arc::new(Inner { engines, system_id, datapath, external, switch_restarts: watch::Sender::new(0) }))
    }

    /// OVN's Northbound database.
    pub fn northbound(&self) -> Endpoint {
        Endpoint::Unix(NORTHBOUND_SOCKET.into())
    }

    /// OVN's Southbound database.
    pub fn southbound(&self) -> Endpoint {
        Endpoint::Unix(SOUTHBOUND_SOCKET.into())
    }

    /// The node's own database.
    pub fn open_vswitch(&self) -> Endpoint {
        Endpoint::Unix(OPEN_VSWITCH_SOCKET.into())
    }

    /// How libvirt is reached.
    pub fn libvirt_uri(&self) -> &'static str {
        LIBVIRT_URI
    }

    /// The chassis' name in OVN.
    pub fn system_id(&self) -> &str {
        &self.0.system_id
    }

    /// Where packets are switched.
    pub fn datapath(&self) -> Datapath {
        self.0.datapath
    }

    /// The bridge to the outside.
    pub fn external(&self) -> Option<&ExternalState> {
        self.0.external.as_ref()
    }

    /// The version of each engine.
    pub fn versions(&self) -> &BTreeMap<&'static str, Version> {
        &self.0.engines.versions
    }

    /// How each engine is now, in the order in which they are started.
    pub async fn health(&self) -> Vec<EngineHealth> {
        let engines = &self.0.engines;
        let looking = engines.daemons.iter().filter_map(|daemon| {
            let version = engines.versions.get(daemon.name)?;
            Some(health::of(&engines.options.clock, daemon, version, engines.state.mark(), engines.init))
        });
        futures::future::join_all(looking).await
    }

    /// Counts how often vswitchd was replaced by another process while [`Self::watch`] ran, each time after what is ours
    /// here was set right again. In user space a restart makes all internal ports anew: who has moved one into a
    /// namespace or given it an address must do so again.
    pub fn switch_restarts(&self) -> watch::Receiver<u64> {
        self.0.switch_restarts.subscribe()
    }

    /// Makes the external bridge again, or gives it its addresses again, when somebody has taken them away.
    pub(crate) async fn restore_external(&self) -> Result<(), DaemonError> {
        let engines = &self.0.engines;
        let clock = &engines.options.clock;
        let Some(wanted) = &engines.options.external else { return Ok(()) };
        if wanted.addresses.is_empty() || external::is_whole(clock, wanted).await? {
            return Ok(());
        }
        let switch = OpenVswitch::connect(clock).await?;
        external::ensure(clock, &switch, wanted, self.0.datapath, engines.state.mark()).await?;
        tracing::warn!(bridge = wanted.bridge, "the external bridge was not as it should be; it is set right");
        Ok(())
    }

    /// Sets right what a restart of vswitchd breaks: the host's addresses on the external bridge, and, in user space, the
    /// offloads of internal ports and veths. Doing it again changes nothing.
    ///
    /// # Errors
    /// What could not be set.
    pub async fn set_right(&self) -> Result<(), DaemonError> {
        let options = &self.0.engines.options;
        let switch = OpenVswitch::connect(&options.clock).await?;
        switch.wait_applied("what the database says").await?;
        if let Some(wanted) = &options.external
            && !wanted.addresses.is_empty()
        {
            external::set_right(&options.clock, wanted, self.0.datapath).await?;
        }
        if self.0.datapath == Datapath::Userspace {
            for (device, internal) in switch.devices().await? {
                if (internal || offload::is_virtual_link(&device))
                    && let Err(error) = offload::disable_tx(&device)
                {
                    // It may live in another namespace by now, or just have gone.
                    tracing::debug!(device, %error, "offload is left as it is");
                }
            }
        }
        Ok(())
    }
}
