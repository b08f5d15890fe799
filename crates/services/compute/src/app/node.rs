//! Compute nodes as the API's services and hypervisors.

use std::collections::HashMap;

use ferrostack_base::Timestamp;

use crate::{
    Compute, ComputeError,
    model::{ComputeNode, Server},
    store,
};

/// What the servers of a host take together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub servers: i64,
    pub vcpus: i64,
    pub memory_mb: i64,
    pub disk_gb: i64,
}

impl Load {
    fn add(&mut self, server: &Server) {
        self.servers += 1;
        self.vcpus += server.flavor.vcpus;
        self.memory_mb += server.flavor.memory_mb;
        self.disk_gb += server.flavor.disk_gb + server.flavor.ephemeral_gb;
    }
}

/// A part of the cloud that has a state: a compute node, or a controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceState {
    pub number: i64,
    pub binary: &'static str,
    pub host: String,
    pub zone: String,
    pub disabled: bool,
    pub disabled_reason: Option<String>,
    pub up: bool,
    pub updated: Timestamp,
}

impl Compute {
    /// Whether the node reported lately.
    pub(crate) fn is_up(&self, node: &ComputeNode) -> bool {
        node.is_up(self.now(), self.options().node_down_after)
    }

    /// All nodes.
    pub(crate) async fn nodes(&self) -> Result<Vec<ComputeNode>, ComputeError> {
        Ok(store::node::list(self.db()).await?)
    }

    /// What the servers of each host take.
    pub(crate) async fn loads(&self) -> Result<HashMap<String, Load>, ComputeError> {
        let mut loads: HashMap<String, Load> = HashMap::new();
        let mut marker = None;
        loop {
            let servers = store::server::list_alive(self.db(), marker, 1000).await?;
            let Some(last) = servers.last() else { return Ok(loads) };
            marker = Some(last.id);
            for server in &servers {
                if let Some(host) = &server.host {
                    loads.entry(host.clone()).or_default().add(server);
                }
            }
        }
    }

    /// Compute nodes and controllers as services.
    pub(crate) async fn services(&self) -> Result<Vec<ServiceState>, ComputeError> {
        let nodes = self.nodes().await?;
        let mut services: Vec<ServiceState> = nodes
            .iter()
            .map(|node| ServiceState {
                number: node.number,
                binary: "nova-compute",
                host: node.name.clone(),
                zone: node.zone.clone(),
                disabled: node.disabled,
                disabled_reason: node.disabled_reason.clone(),
                up: self.is_up(node),
                updated: node.last_seen,
            })
            .collect();
        // Controllers schedule and conduct; they have no rows of their own, so their numbers follow those of the nodes.
        let mut number = nodes.iter().map(|node| node.number).max().unwrap_or(0);
        let now = self.now();
        for controller in ferrostack_saga::store::controllers(self.db()).await? {
            for binary in ["nova-scheduler", "nova-conductor"] {
                number += 1;
                services.push(ServiceState {
                    number,
                    binary,
                    host: controller.node.clone(),
                    zone: "internal".to_owned(),
                    disabled: false,
                    disabled_reason: None,
                    up: controller.expires >= now,
                    updated: now.min(controller.expires),
                });
            }
        }
        Ok(services)
    }

    /// Whether new servers may be put on a node; 404 for a host that is none.
    pub(crate) async fn set_disabled(
        &self,
        host: &str,
        disabled: bool,
        reason: Option<&str>,
    ) -> Result<(), ComputeError> {
        let known =
            self.db().tx(|tx| async move { store::node::update_disabled(&tx, host, disabled, reason).await }).await?;
        if known { Ok(()) } else { Err(ComputeError::not_found("Compute host", host)) }
    }
}
