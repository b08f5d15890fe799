//! `/resource_providers/{uuid}/inventories`.

use std::collections::BTreeMap;

use ferrostack_http::{
    Cx, Fault, FaultKind, Reply, Routes,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};

use super::request::{Ask, Base, Json, dated};
use crate::{
    Placement, PlacementError, app,
    wire::{inventory as wire, v},
};

const ALL: &str = "/resource_providers/{uuid}/inventories";
const ONE: &str = "/resource_providers/{uuid}/inventories/{resource_class}";

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .get(ALL, list)
        .policy("placement:resource_providers:inventories:list")
        .post(ALL, create)
        .policy("placement:resource_providers:inventories:create")
        .schema(&wire::CREATE)
        .put(ALL, update_all)
        .policy("placement:resource_providers:inventories:update")
        .schema(&wire::UPDATE_ALL)
        .delete(ALL, delete_all)
        .policy("placement:resource_providers:inventories:delete")
        .get(ONE, show)
        .policy("placement:resource_providers:inventories:show")
        .put(ONE, update)
        .policy("placement:resource_providers:inventories:update")
        .schema(&wire::UPDATE)
        .delete(ONE, delete)
        .policy("placement:resource_providers:inventories:delete")
}

async fn list(cx: Ask, Path(uuid): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let provider = app::provider::find_in(&index, &uuid)?;
    let modified = provider.stocks.iter().map(|stock| stock.updated).max().unwrap_or_else(|| placement.now());
    Ok(dated(Reply::ok(&wire::AllView::of(&index, &provider)), cx.microversion(), modified))
}

async fn create(
    cx: Cx,
    base: Base,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
    Json(body): Json<wire::Body>,
) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let provider = app::provider::find_in(&index, &uuid)?.uuid;
    let (class, offer) = (body.resource_class.as_str(), body.offer());
    let before = format!("Unable to create inventory for resource provider {provider}");
    let offers = BTreeMap::from([(class.to_owned(), offer.clone())]);
    app::inventory::check_capacity(&offers, cx.microversion() >= v(26), &before)?;
    app::inventory::check_classes(&index, std::iter::once(class), &before)?;
    let generation = app::inventory::create(&placement, provider, class, &offer).await?;
    let reply = Reply::json(StatusCode::CREATED, &wire::View::of(&offer, generation));
    let reply = base.locate(reply, &format!("/resource_providers/{provider}/inventories/{class}"));
    Ok(dated(reply, cx.microversion(), placement.now()))
}

async fn update_all(
    cx: Cx,
    Path(uuid): Path<String>,
    State(placement): State<Placement>,
    Json(body): Json<wire::All>,
) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let provider = app::provider::find_in(&index, &uuid)?;
    let (given, offers) = (body.resource_provider_generation, body.offers());
    if provider.generation != given {
        return Err(PlacementError::StaleProvider { uuid: provider.uuid, actual: provider.generation, given }.into());
    }
    let before = format!("Unable to update inventory for resource provider {uuid}");
    app::inventory::check_capacity(&offers, cx.microversion() >= v(26), &before)?;
    let before = format!("Unknown resource class in inventory for resource provider {uuid}");
    app::inventory::check_classes(&index, offers.keys().map(String::as_str), &before)?;
    let generation = app::inventory::set_all(&placement, provider.uuid, Some(given), &offers).await?;
    Ok(dated(Reply::ok(&wire::AllView::of_offers(&offers, generation)), cx.microversion(), placement.now()))
}

async fn delete_all(cx: Cx, Path(uuid): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    if cx.microversion() < v(5) {
        return Err(Fault::of(FaultKind::MethodNotAllowed, "The method DELETE is not allowed for this resource."));
    }
    let provider = app::provider::find(&placement, &uuid).await?.uuid;
    app::inventory::set_all(&placement, provider, None, &BTreeMap::new()).await?;
    Ok(Reply::no_content())
}

async fn show(
    cx: Ask,
    Path((uuid, class)): Path<(String, String)>,
    State(placement): State<Placement>,
) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let provider = app::provider::find_in(&index, &uuid)?;
    let stock = index.names().classes.find(&class).and_then(|class| provider.stock(class));
    let stock = stock.ok_or_else(|| PlacementError::missing(format!("No inventory of class {class} for {uuid}")))?;
    Ok(dated(Reply::ok(&wire::View::of(&stock.offer, provider.generation)), cx.microversion(), stock.updated))
}

async fn update(
    cx: Cx,
    Path((uuid, class)): Path<(String, String)>,
    State(placement): State<Placement>,
    Json(body): Json<wire::Body>,
) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let provider = app::provider::find_in(&index, &uuid)?;
    let (given, offer) = (body.resource_provider_generation, body.offer());
    if provider.generation != given {
        return Err(PlacementError::StaleProvider { uuid: provider.uuid, actual: provider.generation, given }.into());
    }
    let before = format!("Unable to update inventory for resource provider {uuid}");
    let offers = BTreeMap::from([(class.clone(), offer.clone())]);
    app::inventory::check_capacity(&offers, cx.microversion() >= v(26), &before)?;
    let generation = app::inventory::update(&placement, provider.uuid, given, &class, &offer).await?;
    Ok(dated(Reply::ok(&wire::View::of(&offer, generation)), cx.microversion(), placement.now()))
}

async fn delete(
    Path((uuid, class)): Path<(String, String)>,
    State(placement): State<Placement>,
) -> Result<Reply, Fault> {
    let provider = app::provider::find(&placement, &uuid).await?.uuid;
    app::inventory::delete(&placement, provider, &class).await?;
    Ok(Reply::no_content())
}
