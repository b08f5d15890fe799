//! Creating, showing, changing and deleting servers.

use ferrostack_auth::Ctx;
use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes, Valid,
    axum::{extract::State, http::header},
};
use serde_json::json;

use crate::{
    Compute, ComputeError, ServerId,
    model::Server,
    store,
    wire::{
        links::Links,
        server::{Base, Detail, Surroundings},
        server_create::{CREATE, Create, Created},
        server_update::{UPDATE, Update},
    },
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .post("/servers", create)
        .schema(&CREATE)
        .policy("os_compute_api:servers:create")
        .get("/servers/{id}", show)
        .policy("os_compute_api:servers:show")
        .put("/servers/{id}", update)
        .schema(&UPDATE)
        .policy("os_compute_api:servers:update")
        .delete("/servers/{id}", delete)
        .policy("os_compute_api:servers:delete")
}

async fn create(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    links: Links,
    Valid(body): Valid<Create>,
) -> Result<Reply, Fault> {
    if body.names_networks() {
        cx.allow("os_compute_api:servers:create:attach_network", &[("project_id", cx.project_id())])?;
    }
    let (reservation, admin_pass) = (body.wants_reservation(), body.admin_pass());
    let servers = compute.create_servers(&cx, &body.into_wanted()?).await?;
    let Some(first) = servers.first() else { return Err(Fault::internal("no server was created")) };
    if reservation {
        return Ok(Reply::accepted(&json!({"reservation_id": first.reservation_id})));
    }
    let id = first.id.to_string();
    let own = links.to("servers", &id);
    let location = own[0].href.clone();
    let created = Created {
        id,
        links: own,
        disk_config: first.disk_config,
        security_groups: first.security_groups.iter().map(|name| json!({"name": name})).collect(),
        admin_pass: admin_pass.expose(),
    };
    Ok(Reply::accepted(&json!({"server": created})).header(header::LOCATION, &location))
}

async fn show(Cx(cx): Cx, State(compute): State<Compute>, links: Links, Id(id): Id<ServerId>) -> Result<Reply, Fault> {
    let server = compute.find_server(&cx, id, "os_compute_api:servers:show").await?;
    let around = surroundings(&compute, &cx, std::slice::from_ref(&server)).await?;
    Ok(Reply::ok(&json!({"server": Detail::new(&server, &around, &links)})))
}

async fn update(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    links: Links,
    Id(id): Id<ServerId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    compute.find_server(&cx, id, "os_compute_api:servers:update").await?;
    let server = compute.update_server(id, &body.into()).await?;
    let around = surroundings(&compute, &cx, std::slice::from_ref(&server)).await?;
    Ok(Reply::ok(&json!({"server": Base::new(&server, &around, &links)})))
}

async fn delete(Cx(cx): Cx, State(compute): State<Compute>, Id(id): Id<ServerId>) -> Result<Reply, Fault> {
    compute.find_server(&cx, id, "os_compute_api:servers:delete").await?;
    compute.delete_server(&cx, id).await?;
    Ok(Reply::no_content())
}

/// What is shown of servers and is not in their rows, in two queries for all of them.
pub(super) async fn surroundings(
    compute: &Compute,
    cx: &Ctx,
    servers: &[Server],
) -> Result<Surroundings, ComputeError> {
    let with_ports: Vec<_> =
        servers.iter().filter(|server| !server.deleted && !server.nics.is_empty()).map(|server| server.id.0).collect();
    let addresses =
        if with_ports.is_empty() { Default::default() } else { compute.network().addresses(&with_ports).await? };
    let mut hosts: Vec<&str> = servers.iter().filter_map(|server| server.host.as_deref()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let zones = store::node::zones(compute.db(), &hosts).await?;
    let sees_hosts =
        cx.allow("os_compute_api:os-extended-server-attributes", &[("project_id", cx.project_id())]).is_ok();
    Ok(Surroundings { addresses, zones, sees_hosts })
}
