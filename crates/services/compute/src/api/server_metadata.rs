//! Metadata of servers.

use std::collections::BTreeMap;

use ferrostack_auth::Ctx;
use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes, Valid,
    axum::extract::{Path, State},
};

use crate::{
    Compute, ServerId,
    app::server_metadata::Change,
    wire::server_metadata::{META, METADATA, Meta, Metadata},
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/servers/{id}/metadata", list)
        .policy("os_compute_api:server-metadata:index")
        .post("/servers/{id}/metadata", create)
        .schema(&METADATA)
        .policy("os_compute_api:server-metadata:create")
        .put("/servers/{id}/metadata", replace)
        .schema(&METADATA)
        .policy("os_compute_api:server-metadata:update_all")
        .get("/servers/{id}/metadata/{key}", show)
        .policy("os_compute_api:server-metadata:show")
        .put("/servers/{id}/metadata/{key}", update)
        .schema(&META)
        .policy("os_compute_api:server-metadata:update")
        .delete("/servers/{id}/metadata/{key}", delete)
        .policy("os_compute_api:server-metadata:delete")
}

/// Looks the server up, then changes it.
async fn change(
    cx: &Ctx,
    compute: &Compute,
    id: ServerId,
    action: &str,
    change: Change,
) -> Result<BTreeMap<String, String>, Fault> {
    let server = compute.find_server(cx, id, action).await?;
    Ok(compute.change_metadata(server.id, &change).await?)
}

fn parse(id: &str) -> Result<ServerId, Fault> {
    id.parse().map_err(|_| Fault::not_found("Server", id))
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    let server = compute.find_server(&cx, parse(&id)?, "os_compute_api:server-metadata:index").await?;
    Ok(Reply::ok(&Metadata { metadata: server.metadata }))
}

async fn create(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Id(id): Id<ServerId>,
    Valid(body): Valid<Metadata>,
) -> Result<Reply, Fault> {
    let merge = Change::Merge(body.metadata);
    let metadata = change(&cx, &compute, id, "os_compute_api:server-metadata:create", merge).await?;
    Ok(Reply::ok(&Metadata { metadata }))
}

async fn replace(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Id(id): Id<ServerId>,
    Valid(body): Valid<Metadata>,
) -> Result<Reply, Fault> {
    let replace = Change::Replace(body.metadata);
    let metadata = change(&cx, &compute, id, "os_compute_api:server-metadata:update_all", replace).await?;
    Ok(Reply::ok(&Metadata { metadata }))
}

async fn show(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    let mut server = compute.find_server(&cx, parse(&id)?, "os_compute_api:server-metadata:show").await?;
    let value = server.metadata.remove(&key).ok_or_else(|| Fault::not_found("Metadata item", &key))?;
    Ok(Reply::ok(&Meta { meta: [(key, value)].into() }))
}

async fn update(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path((id, key)): Path<(String, String)>,
    Valid(body): Valid<Meta>,
) -> Result<Reply, Fault> {
    if !body.meta.contains_key(&key) {
        return Err(Fault::bad_request(format!(
            "Invalid input for field meta: the address names {key:?}, the body another item."
        )));
    }
    let merge = Change::Merge(body.meta.clone());
    change(&cx, &compute, parse(&id)?, "os_compute_api:server-metadata:update", merge).await?;
    Ok(Reply::ok(&body))
}

async fn delete(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    change(&cx, &compute, parse(&id)?, "os_compute_api:server-metadata:delete", Change::Remove(key)).await?;
    Ok(Reply::no_content())
}
