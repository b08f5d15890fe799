//! `/traits` and `/resource_providers/{uuid}/traits`.

use std::collections::HashSet;

use ferrostack_http::{
    Cx, Fault, Params, Reply, Routes,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};

use super::request::{Ask, Base, Json, dated};
use crate::{
    Placement, PlacementError, app,
    names::is_custom,
    view::{Index, Standing},
    wire::{LAST, trait_ as wire, v},
};

const OF_PROVIDER: &str = "/resource_providers/{uuid}/traits";

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .get("/traits", list)
        .policy("placement:traits:list")
        .versions(v(6), LAST)
        .get("/traits/{name}", show)
        .policy("placement:traits:show")
        .versions(v(6), LAST)
        .put("/traits/{name}", ensure)
        .policy("placement:traits:update")
        .versions(v(6), LAST)
        .no_schema("it takes no body")
        .delete("/traits/{name}", delete)
        .policy("placement:traits:delete")
        .versions(v(6), LAST)
        .get(OF_PROVIDER, list_of_provider)
        .policy("placement:resource_providers:traits:list")
        .versions(v(6), LAST)
        .put(OF_PROVIDER, update_of_provider)
        .policy("placement:resource_providers:traits:update")
        .versions(v(6), LAST)
        .schema(&wire::UPDATE)
        .delete(OF_PROVIDER, delete_of_provider)
        .policy("placement:resource_providers:traits:delete")
        .versions(v(6), LAST)
}

async fn list(cx: Ask, params: Params, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let filter = wire::Filter::from_params(&params)?;
    let index = placement.index().await?;
    let associated: Option<HashSet<&str>> = filter.associated.map(|_| associated(&index));
    let wanted = |name: &str| {
        filter.admits(name)
            && associated.as_ref().is_none_or(|names| names.contains(name) == (filter.associated == Some(true)))
    };
    let found: Vec<(&str, Standing)> = index.names().traits.iter().filter(|(name, _)| wanted(name)).collect();
    let modified = found.iter().filter_map(|(_, standing)| standing.updated()).max().unwrap_or_else(|| placement.now());
    let view =
        wire::View { traits: found.into_iter().map(|(name, _)| name).collect(), resource_provider_generation: None };
    Ok(dated(Reply::ok(&view), cx.microversion(), modified))
}

/// The traits that providers have.
fn associated(index: &Index) -> HashSet<&str> {
    index.iter().flat_map(|(_, provider)| &provider.traits).map(|number| index.names().traits.name(*number)).collect()
}

async fn show(cx: Cx, Path(name): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let found = index.names().traits.get(&name);
    let (_, standing) = found.ok_or_else(|| PlacementError::missing(format!("No such trait(s): {name}.")))?;
    Ok(dated(Reply::no_content(), cx.microversion(), standing.updated().unwrap_or_else(|| placement.now())))
}

async fn ensure(
    cx: Cx,
    base: Base,
    Path(name): Path<String>,
    State(placement): State<Placement>,
) -> Result<Reply, Fault> {
    if !is_custom(&name) {
        return Err(Fault::bad_request(
            "The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix \"CUSTOM_\" and use following characters: \"A\"-\"Z\", \"0\"-\"9\" and \"_\"",
        ));
    }
    let known = placement.index().await?.names().traits.get(&name);
    let made = known.is_none() && app::trait_::create(&placement, &name).await?;
    let reply = Reply::empty(if made { StatusCode::CREATED } else { StatusCode::NO_CONTENT });
    let modified = known.and_then(|(_, standing)| standing.updated()).unwrap_or_else(|| placement.now());
    Ok(dated(base.locate(reply, &format!("/traits/{name}")), cx.microversion(), modified))
}

async fn delete(Path(name): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    app::trait_::delete(&placement, &name).await?;
    Ok(Reply::no_content())
}

async fn list_of_provider(
    cx: Ask,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let provider = app::provider::find_in(&index, &uuid)?;
    let traits = app::trait_::names_of(&index, &provider);
    let view = wire::View { traits, resource_provider_generation: Some(provider.generation) };
    Ok(dated(Reply::ok(&view), cx.microversion(), provider.updated))
}

async fn update_of_provider(
    cx: Cx,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
    Json(body): Json<wire::Body>,
) -> Result<Reply, Fault> {
    let provider = app::provider::find(&placement, &uuid).await?.uuid;
    let generation = app::trait_::set(&placement, provider, body.resource_provider_generation, &body.traits).await?;
    let view = wire::View { traits: body.traits, resource_provider_generation: Some(generation) };
    Ok(dated(Reply::ok(&view), cx.microversion(), placement.now()))
}

async fn delete_of_provider(Path(uuid): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let provider = app::provider::find(&placement, &uuid).await?;
    app::trait_::set(&placement, provider.uuid, provider.generation, &[]).await?;
    Ok(Reply::no_content())
}
