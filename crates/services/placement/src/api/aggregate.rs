//! `/resource_providers/{uuid}/aggregates`.

use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::extract::{FromRequest, Path, Request, State},
};

use super::request::{Ask, Json, dated};
use crate::{
    Placement, app,
    wire::{LAST, aggregate as wire, v},
};

const PATH: &str = "/resource_providers/{uuid}/aggregates";

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .get(PATH, list)
        .policy("placement:resource_providers:aggregates:list")
        .versions(v(1), LAST)
        .put(PATH, update)
        .policy("placement:resource_providers:aggregates:update")
        .versions(v(1), LAST)
        .schema_between(&wire::UPDATE, v(1), v(18))
        .schema_between(&wire::UPDATE_19, v(19), LAST)
}

async fn list(cx: Ask, Path(uuid): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let provider = app::provider::find(&placement, &uuid).await?;
    let generation = (cx.microversion() >= v(19)).then_some(provider.generation);
    let view = wire::View { aggregates: &provider.aggregates, resource_provider_generation: generation };
    Ok(dated(Reply::ok(&view), cx.microversion(), placement.now()))
}

async fn update(
    cx: Cx,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
    request: Request,
) -> Result<Reply, Fault> {
    let provider = app::provider::find(&placement, &uuid).await?.uuid;
    let Json(body) = Json::<wire::Body>::from_request(request, &()).await?;
    let (aggregates, expected) = body.into_parts();
    let generation = app::aggregate::set(&placement, provider, expected, &aggregates).await?;
    let view = wire::View { aggregates: &aggregates, resource_provider_generation: expected.map(|_| generation) };
    Ok(dated(Reply::ok(&view), cx.microversion(), placement.now()))
}
