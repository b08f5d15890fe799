//! Ports against servers: ports of servers that are gone are given up, ports bound elsewhere than their server are bound
//! again. Ports that name something else than a server of ours are their users' business.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Said, said};
use crate::{
    Compute, ComputeError,
    model::{Server, ServerId, Stage},
    store,
};

/// A port that is not as it should be.
#[derive(Debug, Clone)]
pub(crate) enum Wrong {
    /// It belongs to a server that is deleted or was never built.
    Leaked { port: Uuid, server: Box<Server> },
    /// It is bound to another host than its server's.
    Astray { port: Uuid, server: Box<Server>, bound: Option<String> },
}

/// Ports, as compute makes them, of servers that have no record. Nobody can tell whose they are, so they are only reported:
/// the port and what it names.
pub(crate) async fn unknown(compute: &Compute) -> Result<Vec<(Uuid, Uuid)>, ComputeError> {
    let ports = compute.network().server_ports().await?;
    let named: Vec<(Uuid, Uuid)> =
        ports.into_iter().filter_map(|port| port.device_id.map(|device| (port.port_id, device))).collect();
    let ids: Vec<ServerId> = named.iter().map(|(_, device)| ServerId(*device)).collect();
    // Ports first, rows afterwards: a server's row is there before its ports are.
    let known = store::server::list_by_ids(compute.db(), &ids).await?;
    Ok(named.into_iter().filter(|(_, device)| !known.iter().any(|server| server.id.0 == *device)).collect())
}

pub(super) async fn run(compute: &Compute) -> Said {
    let wrong = find(compute).await?;
    for wrong in &wrong {
        match wrong {
            Wrong::Leaked { port, server } => {
                tracing::warn!(%port, server = %server.id, "giving up a leftover port");
                compute.network().release(server.id.0, &server.owned_ports()).await?;
            }
            Wrong::Astray { port, server, bound } => {
                tracing::warn!(%port, server = %server.id, ?bound, host = ?server.host, "binding a port again");
                if let Some(host) = &server.host {
                    compute.network().bind(server.id.0, host).await?;
                }
            }
        }
    }
    said(wrong.len(), "ports repaired")
}

/// Servers with a live operation are left alone.
pub(crate) async fn find(compute: &Compute) -> Result<Vec<Wrong>, ComputeError> {
    let ports = compute.network().server_ports().await?;
    let ids: Vec<ServerId> = ports.iter().filter_map(|port| port.device_id).map(ServerId).collect();
    let servers = store::server::list_by_ids(compute.db(), &ids).await?;
    let servers: HashMap<Uuid, Server> = servers.into_iter().map(|server| (server.id.0, server)).collect();
    let mut wrong = Vec::new();
    for port in ports {
        let Some(server) = port.device_id.and_then(|id| servers.get(&id)).filter(|server| server.operation.is_none())
        else {
            continue;
        };
        let (port_id, boxed) = (port.port_id, Box::new(server.clone()));
        if server.deleted || server.stage == Stage::Failed {
            wrong.push(Wrong::Leaked { port: port_id, server: boxed });
        } else if port.host != server.host && server.nics.iter().any(|nic| nic.port_id == port_id) {
            wrong.push(Wrong::Astray { port: port_id, server: boxed, bound: port.host });
        }
    }
    Ok(wrong)
}
