//! `/reshaper`.

use ferrostack_http::{Cx, Fault, Reply, Routes, axum::extract::State};

use super::request::Json;
use crate::{
    Placement, app,
    wire::{LAST, allocation::into_claims, reshaper as wire, v},
};

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .post("/reshaper", reshape)
        .policy("placement:reshaper:reshape")
        .versions(v(30), LAST)
        .schema_between(&wire::POST_30, v(30), v(33))
        .schema_between(&wire::POST_34, v(34), v(37))
        .schema_between(&wire::POST_38, v(38), LAST)
}

async fn reshape(cx: Cx, State(placement): State<Placement>, Json(body): Json<wire::Body>) -> Result<Reply, Fault> {
    let shapes = body
        .inventories
        .iter()
        .map(|(provider, all)| (*provider, (all.resource_provider_generation, all.offers())))
        .collect();
    let claims = into_claims(body.allocations, cx.microversion(), placement.options());
    app::reshaper::reshape(&placement, &shapes, &claims).await?;
    Ok(Reply::no_content())
}
