//! What compute nodes have.

use ferrostack_http::{
    Fault, Reply, Routes,
    axum::extract::{Path, State},
};
use serde_json::{Value, json};

use crate::{
    Compute,
    model::ComputeNode,
    store,
    wire::service::{detail as detail_view, short, statistics as sums},
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/os-hypervisors", list)
        .policy("os_compute_api:os-hypervisors:list")
        .get("/os-hypervisors/detail", detail)
        .policy("os_compute_api:os-hypervisors:list-detail")
        .get("/os-hypervisors/statistics", statistics)
        .policy("os_compute_api:os-hypervisors:statistics")
        .get("/os-hypervisors/{id}", show)
        .policy("os_compute_api:os-hypervisors:show")
        .get("/os-hypervisors/{id}/search", search)
        .policy("os_compute_api:os-hypervisors:search")
        .get("/os-hypervisors/{id}/servers", servers)
        .policy("os_compute_api:os-hypervisors:servers")
}

fn reply(hypervisors: impl Iterator<Item = Value>) -> Reply {
    Reply::ok(&json!({"hypervisors": hypervisors.collect::<Vec<_>>()}))
}

async fn list(State(compute): State<Compute>) -> Result<Reply, Fault> {
    Ok(reply(compute.nodes().await?.iter().map(|node| short(node, compute.is_up(node)))))
}

async fn detail(State(compute): State<Compute>) -> Result<Reply, Fault> {
    let loads = compute.loads().await?;
    let reserved = compute.options().reserved_host_memory_mb;
    let view = |node: &ComputeNode| {
        detail_view(node, compute.is_up(node), loads.get(&node.name).copied().unwrap_or_default(), reserved)
    };
    Ok(reply(compute.nodes().await?.iter().map(view)))
}

async fn statistics(State(compute): State<Compute>) -> Result<Reply, Fault> {
    let loads = compute.loads().await?;
    let nodes = compute.nodes().await?.into_iter();
    let all: Vec<_> = nodes
        .map(|node| (loads.get(&node.name).copied().unwrap_or_default(), node))
        .map(|(load, node)| (node, load))
        .collect();
    Ok(Reply::ok(&sums(&all, compute.options().reserved_host_memory_mb)))
}

async fn show(State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    let nodes = compute.nodes().await?;
    let found = nodes.iter().find(|node| id.parse() == Ok(node.number));
    let node = found.ok_or_else(|| Fault::not_found("Hypervisor", &id))?;
    let load = compute.loads().await?.get(&node.name).copied().unwrap_or_default();
    let reserved = compute.options().reserved_host_memory_mb;
    Ok(Reply::ok(&json!({"hypervisor": detail_view(node, compute.is_up(node), load, reserved)})))
}

/// Nodes whose name has that text in it; none is 404, as upstream answers.
async fn named(compute: &Compute, text: &str) -> Result<Vec<ComputeNode>, Fault> {
    let mut nodes = compute.nodes().await?;
    nodes.retain(|node| node.name.contains(text));
    if nodes.is_empty() { Err(Fault::missing(format!("No hypervisor matches {text:?}."))) } else { Ok(nodes) }
}

async fn search(State(compute): State<Compute>, Path(text): Path<String>) -> Result<Reply, Fault> {
    Ok(reply(named(&compute, &text).await?.iter().map(|node| short(node, compute.is_up(node)))))
}

async fn servers(State(compute): State<Compute>, Path(text): Path<String>) -> Result<Reply, Fault> {
    let mut all = Vec::new();
    for node in named(&compute, &text).await? {
        let servers = store::server::list_on_host(compute.db(), &node.name).await?;
        let servers: Vec<_> =
            servers.iter().map(|server| json!({"uuid": server.id, "name": server.instance_name()})).collect();
        let mut view = short(&node, compute.is_up(&node));
        if !servers.is_empty() {
            view["servers"] = json!(servers);
        }
        all.push(view);
    }
    Ok(reply(all.into_iter()))
}
