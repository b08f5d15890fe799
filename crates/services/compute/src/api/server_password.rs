//! Passwords that guests have handed over.

use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::extract::{Path, State},
};
use serde_json::json;

use crate::{Compute, ServerId};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/servers/{id}/os-server-password", show)
        .policy("os_compute_api:os-server-password:show")
        .delete("/servers/{id}/os-server-password", clear)
        .policy("os_compute_api:os-server-password:clear")
}

fn parse(id: &str) -> Result<ServerId, Fault> {
    id.parse().map_err(|_| Fault::not_found("Server", id))
}

async fn show(Cx(cx): Cx, State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    let server = compute.find_server(&cx, parse(&id)?, "os_compute_api:os-server-password:show").await?;
    Ok(Reply::ok(&json!({"password": compute.server_password(server.id).await?})))
}

async fn clear(Cx(cx): Cx, State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    let server = compute.find_server(&cx, parse(&id)?, "os_compute_api:os-server-password:clear").await?;
    compute.clear_server_password(server.id).await?;
    Ok(Reply::no_content())
}
