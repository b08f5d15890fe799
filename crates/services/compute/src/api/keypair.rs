//! Key pairs: always the caller's own at microversion 2.1.

use ferrostack_auth::Ctx;
use ferrostack_http::{
    Cx, Fault, Reply, Routes, Valid,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};
use serde_json::json;

use crate::{
    Compute, store,
    wire::keypair::{CREATE, Create, Created, Detail, Short},
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/os-keypairs", list)
        .policy("os_compute_api:os-keypairs:index")
        .post("/os-keypairs", create)
        .schema(&CREATE)
        .policy("os_compute_api:os-keypairs:create")
        .get("/os-keypairs/{name}", show)
        .policy("os_compute_api:os-keypairs:show")
        .delete("/os-keypairs/{name}", delete)
        .policy("os_compute_api:os-keypairs:delete")
}

/// The caller, who may do that to key pairs of their own.
fn owner<'a>(cx: &'a Ctx, action: &str) -> Result<&'a str, Fault> {
    let user = cx.require_identity()?.user_id.as_str();
    cx.allow(action, &[("user_id", user)])?;
    Ok(user)
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>) -> Result<Reply, Fault> {
    let user = owner(&cx, "os_compute_api:os-keypairs:index")?;
    let pairs = store::keypair::list(compute.db(), user, None, usize::MAX).await?;
    let all: Vec<_> = pairs.iter().map(|pair| json!({"keypair": Short::from(pair)})).collect();
    Ok(Reply::ok(&json!({"keypairs": all})))
}

async fn create(Cx(cx): Cx, State(compute): State<Compute>, Valid(body): Valid<Create>) -> Result<Reply, Fault> {
    let user = owner(&cx, "os_compute_api:os-keypairs:create")?;
    let wanted = body.keypair;
    let (pair, private_key) =
        compute.create_keypair(cx.project_id(), user, &wanted.name, wanted.public_key.as_deref()).await?;
    let private_key = private_key.as_ref().map(|key| key.expose().as_str());
    let created = Created { short: Short::from(&pair), user_id: &pair.user_id, private_key };
    Ok(Reply::ok(&json!({"keypair": created})))
}

async fn show(Cx(cx): Cx, State(compute): State<Compute>, Path(name): Path<String>) -> Result<Reply, Fault> {
    let user = owner(&cx, "os_compute_api:os-keypairs:show")?;
    let pair = compute.find_keypair(user, &name).await?;
    Ok(Reply::ok(&json!({"keypair": Detail::from(&pair)})))
}

async fn delete(Cx(cx): Cx, State(compute): State<Compute>, Path(name): Path<String>) -> Result<Reply, Fault> {
    let user = owner(&cx, "os_compute_api:os-keypairs:delete")?;
    let pair = compute.find_keypair(user, &name).await?;
    compute.delete_keypair(&pair).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}
