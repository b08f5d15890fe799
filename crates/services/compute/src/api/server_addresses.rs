//! Addresses of servers.

use ferrostack_auth::Ctx;
use ferrostack_contracts::Address;
use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes,
    axum::extract::{Path, State},
};
use serde_json::json;

use crate::{Compute, ServerId, wire::server::addresses};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/servers/{id}/ips", list)
        .policy("os_compute_api:ips:index")
        .get("/servers/{id}/ips/{network}", show)
        .policy("os_compute_api:ips:show")
}

async fn find(cx: &Ctx, compute: &Compute, id: ServerId, action: &str) -> Result<Vec<Address>, Fault> {
    let server = compute.find_server(cx, id, action).await?;
    let mut all = compute.network().addresses(&[server.id.0]).await.map_err(crate::ComputeError::from)?;
    Ok(all.remove(&server.id.0).unwrap_or_default())
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, Id(id): Id<ServerId>) -> Result<Reply, Fault> {
    let all = find(&cx, &compute, id, "os_compute_api:ips:index").await?;
    Ok(Reply::ok(&json!({"addresses": addresses(&all, false)})))
}

async fn show(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path((id, network)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    let id: ServerId = id.parse().map_err(|_| Fault::not_found("Server", &id))?;
    let all = find(&cx, &compute, id, "os_compute_api:ips:show").await?;
    let mut by_network = addresses(&all, false);
    let found = by_network.remove(network.as_str());
    let found =
        found.ok_or_else(|| Fault::missing(format!("Server {id} has no address in a network named {network:?}.")))?;
    Ok(Reply::ok(&json!({network: found})))
}
