//! Interfaces and security groups of servers.

use std::collections::BTreeSet;

use ferrostack_auth::Ctx;
use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes,
    axum::extract::{Path, State},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Compute, ComputeError, ServerId, model::Server};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/servers/{id}/os-interface", list)
        .policy("os_compute_api:os-attach-interfaces:list")
        .get("/servers/{id}/os-interface/{port}", show)
        .policy("os_compute_api:os-attach-interfaces:show")
        .get("/servers/{id}/os-security-groups", groups)
        .policy("os_compute_api:os-security-groups:list")
}

async fn interfaces(cx: &Ctx, compute: &Compute, id: ServerId, action: &str) -> Result<Vec<Value>, Fault> {
    let server = compute.find_server(cx, id, action).await?;
    let state = |server: &Server| if server.state.status == crate::model::Status::Active { "ACTIVE" } else { "DOWN" };
    Ok(server
        .ports
        .iter()
        .map(|port| {
            let fixed_ips: Vec<_> = port
                .fixed_ips
                .iter()
                .map(|fixed| json!({"subnet_id": fixed.subnet_id, "ip_address": fixed.ip.to_string()}))
                .collect();
            json!({
                "port_state": state(&server),
                "port_id": port.port_id,
                "net_id": port.network_id,
                "mac_addr": port.mac,
                "fixed_ips": fixed_ips,
            })
        })
        .collect())
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, Id(id): Id<ServerId>) -> Result<Reply, Fault> {
    let all = interfaces(&cx, &compute, id, "os_compute_api:os-attach-interfaces:list").await?;
    Ok(Reply::ok(&json!({"interfaceAttachments": all})))
}

async fn show(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path((id, port)): Path<(String, Uuid)>,
) -> Result<Reply, Fault> {
    let id: ServerId = id.parse().map_err(|_| Fault::not_found("Server", &id))?;
    let all = interfaces(&cx, &compute, id, "os_compute_api:os-attach-interfaces:show").await?;
    let found = all.into_iter().find(|interface| interface["port_id"] == json!(port));
    let found = found.ok_or_else(|| Fault::missing(format!("Server {id} has no interface with port {port}.")))?;
    Ok(Reply::ok(&json!({"interfaceAttachment": found})))
}

/// Groups are the network service's; here are the names that its ports have, by which that service finds the rest.
async fn groups(Cx(cx): Cx, State(compute): State<Compute>, Id(id): Id<ServerId>) -> Result<Reply, Fault> {
    let server = compute.find_server(&cx, id, "os_compute_api:os-security-groups:list").await?;
    let all = compute.network().addresses(&[server.id.0]).await.map_err(ComputeError::from)?;
    let names: BTreeSet<&String> = all.values().flatten().flat_map(|address| &address.security_groups).collect();
    let groups: Vec<_> = names
        .into_iter()
        .map(|name| json!({"id": name, "name": name, "description": "", "tenant_id": server.project_id, "rules": []}))
        .collect();
    Ok(Reply::ok(&json!({"security_groups": groups})))
}
