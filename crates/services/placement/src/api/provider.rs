//! `/resource_providers`.

use ferrostack_http::{
    Cx, Fault, Params, Reply, Routes,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};
use uuid::Uuid;

use super::request::{Ask, Base, Json, dated};
use crate::{
    Placement, app,
    wire::{LAST, provider as wire, v},
};

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .get("/resource_providers", list)
        .policy("placement:resource_providers:list")
        .post("/resource_providers", create)
        .policy("placement:resource_providers:create")
        .schema_between(&wire::CREATE, v(0), v(13))
        .schema_between(&wire::CREATE_14, v(14), LAST)
        .get("/resource_providers/{uuid}", show)
        .policy("placement:resource_providers:show")
        .put("/resource_providers/{uuid}", update)
        .policy("placement:resource_providers:update")
        .schema_between(&wire::UPDATE, v(0), v(13))
        .schema_between(&wire::UPDATE_14, v(14), LAST)
        .delete("/resource_providers/{uuid}", delete)
        .policy("placement:resource_providers:delete")
}

async fn list(cx: Ask, base: Base, params: Params, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let version = cx.microversion();
    let filter = wire::filter(&params, version)?;
    let found = app::provider::list(&*placement.index().await?, &filter)?;
    let modified = found.iter().map(|provider| provider.updated).max().unwrap_or_else(|| placement.now());
    let resource_providers = found.iter().map(|provider| wire::View::of(provider, &base.path, version)).collect();
    Ok(dated(Reply::ok(&wire::List { resource_providers }), version, modified))
}

async fn create(
    cx: Cx,
    base: Base,
    State(placement): State<Placement>,
    Json(body): Json<wire::Body>,
) -> Result<Reply, Fault> {
    let version = cx.microversion();
    let uuid = body.uuid.unwrap_or_else(Uuid::new_v4);
    let row = app::provider::create(&placement, uuid, &body.name, body.parent_provider_uuid.flatten()).await?;
    let reply = if version >= v(20) {
        dated(Reply::ok(&wire::View::of_row(&row, &base.path, version)), version, row.updated)
    } else {
        Reply::empty(StatusCode::CREATED)
    };
    Ok(base.locate(reply, &format!("/resource_providers/{uuid}")))
}

async fn show(
    cx: Ask,
    base: Base,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
) -> Result<Reply, Fault> {
    let provider = app::provider::find(&placement, &uuid).await?;
    Ok(dated(Reply::ok(&wire::View::of(&provider, &base.path, cx.microversion())), cx.microversion(), provider.updated))
}

async fn update(
    cx: Cx,
    base: Base,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
    Json(body): Json<wire::Body>,
) -> Result<Reply, Fault> {
    let version = cx.microversion();
    let uuid = app::provider_id(&uuid)?;
    let row = app::provider::update(&placement, uuid, &body.name, body.parent_provider_uuid, version >= v(37)).await?;
    Ok(dated(Reply::ok(&wire::View::of_row(&row, &base.path, version)), version, row.updated))
}

async fn delete(Path(uuid): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let provider = app::provider_id(&uuid)
        .map_err(|_| Fault::missing(format!("No resource provider with uuid {uuid} found for delete")))?;
    app::provider::delete(&placement, provider).await?;
    Ok(Reply::no_content())
}
