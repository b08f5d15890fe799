//! `/allocations` and `/resource_providers/{uuid}/allocations`.

use std::collections::HashMap;

use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::extract::{Path, State},
};
use uuid::Uuid;

use super::request::{Ask, Json, dated};
use crate::{
    Placement, PlacementError, app, store,
    wire::{LAST, allocation as wire, v},
};

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .post("/allocations", update_many)
        .policy("placement:allocations:manage")
        .versions(v(13), LAST)
        .schema_between(&wire::POST_13, v(13), v(27))
        .schema_between(&wire::POST_28, v(28), v(33))
        .schema_between(&wire::POST_34, v(34), v(37))
        .schema_between(&wire::POST_38, v(38), LAST)
        .get("/allocations/{consumer_uuid}", list)
        .policy("placement:allocations:list")
        .put("/allocations/{consumer_uuid}", update)
        .policy("placement:allocations:update")
        .schema_between(&wire::PUT, v(0), v(7))
        .schema_between(&wire::PUT_8, v(8), v(11))
        .schema_between(&wire::PUT_12, v(12), v(27))
        .schema_between(&wire::PUT_28, v(28), v(33))
        .schema_between(&wire::PUT_34, v(34), v(37))
        .schema_between(&wire::PUT_38, v(38), LAST)
        .delete("/allocations/{consumer_uuid}", delete)
        .policy("placement:allocations:delete")
        .get("/resource_providers/{uuid}/allocations", list_at_provider)
        .policy("placement:resource_providers:allocations:list")
}

async fn list(cx: Ask, Path(consumer): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    // Consumers are only known by what they have, so any text is one that has nothing.
    let found = match Uuid::try_parse(&consumer) {
        Ok(consumer) => store::consumer::find(placement.db(), consumer).await?,
        Err(_) => None,
    };
    let Some((consumer, held)) = found else {
        return Ok(dated(Reply::ok(&wire::OfConsumer::default()), cx.microversion(), placement.now()));
    };
    let modified = held.iter().map(|held| held.created).max().unwrap_or_else(|| placement.now());
    let index = placement.index().await?;
    let generations: HashMap<Uuid, i64> =
        held.iter().filter_map(|held| Some((held.provider, index.get(held.provider)?.generation))).collect();
    let generation = |provider: Uuid| generations.get(&provider).copied().unwrap_or_default();
    let view = wire::OfConsumer::of(consumer, held, cx.microversion(), generation);
    Ok(dated(Reply::ok(&view), cx.microversion(), modified))
}

async fn update(
    cx: Cx,
    Path(consumer): Path<String>,
    State(placement): State<Placement>,
    Json(body): Json<wire::Body>,
) -> Result<Reply, Fault> {
    let consumer =
        Uuid::try_parse(&consumer).map_err(|_| Fault::bad_request(format!("Malformed consumer_uuid: {consumer}")))?;
    let claim = body.into_claim(consumer, cx.microversion(), placement.options());
    app::allocation::replace(&placement, &[claim]).await?;
    Ok(Reply::no_content())
}

async fn update_many(
    cx: Cx,
    State(placement): State<Placement>,
    Json(bodies): Json<wire::Bodies>,
) -> Result<Reply, Fault> {
    let claims = wire::into_claims(bodies, cx.microversion(), placement.options());
    app::allocation::replace(&placement, &claims).await?;
    Ok(Reply::no_content())
}

async fn delete(Path(consumer): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let gone = match Uuid::try_parse(&consumer) {
        Ok(consumer) => app::allocation::delete(&placement, consumer).await?,
        Err(_) => false,
    };
    if !gone {
        return Err(PlacementError::missing(format!("No allocations for consumer '{consumer}'")).into());
    }
    Ok(Reply::no_content())
}

async fn list_at_provider(
    cx: Ask,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
) -> Result<Reply, Fault> {
    let provider = app::provider::find(&placement, &uuid).await?;
    let given = store::allocation::list_at(placement.db(), provider.uuid).await?;
    let modified = given.iter().map(|given| given.created).max().unwrap_or_else(|| placement.now());
    let view = wire::AtOneProvider::of(given, provider.generation, cx.microversion());
    Ok(dated(Reply::ok(&view), cx.microversion(), modified))
}
