//! `/resource_classes`.

use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::{
        extract::{FromRequest, Path, Request, State},
        http::StatusCode,
    },
};

use super::request::{Ask, Base, Json, check, dated};
use crate::{
    Placement, PlacementError, app,
    view::Standing,
    wire::{LAST, resource_class as wire, v},
};

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .get("/resource_classes", list)
        .policy("placement:resource_classes:list")
        .versions(v(2), LAST)
        .post("/resource_classes", create)
        .policy("placement:resource_classes:create")
        .versions(v(2), LAST)
        .schema(&wire::NAME)
        .get("/resource_classes/{name}", show)
        .policy("placement:resource_classes:show")
        .versions(v(2), LAST)
        .put("/resource_classes/{name}", update)
        .policy("placement:resource_classes:update")
        .versions(v(2), LAST)
        .schema_between(&wire::NAME, v(2), v(6))
        .delete("/resource_classes/{name}", delete)
        .policy("placement:resource_classes:delete")
        .versions(v(2), LAST)
}

async fn list(cx: Ask, base: Base, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let found: Vec<(&str, Standing)> = index.names().classes.iter().collect();
    let modified = found.iter().filter_map(|(_, standing)| standing.updated()).max().unwrap_or_else(|| placement.now());
    let resource_classes = found.iter().map(|(name, _)| wire::View::of(name, &base.path)).collect();
    Ok(dated(Reply::ok(&wire::List { resource_classes }), cx.microversion(), modified))
}

async fn create(base: Base, State(placement): State<Placement>, Json(body): Json<wire::Body>) -> Result<Reply, Fault> {
    let name = &body.name;
    if !app::resource_class::create(&placement, name).await? {
        return Err(PlacementError::NameConflict {
            message: format!("Conflicting resource class already exists: {name}"),
        }
        .into());
    }
    Ok(base.locate(Reply::empty(StatusCode::CREATED), &format!("/resource_classes/{name}")))
}

async fn show(
    cx: Ask,
    base: Base,
    Path(name): Path<String>,
    State(placement): State<Placement>,
) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let (_, standing) = index.names().classes.get(&name).ok_or_else(|| PlacementError::no_class(&name))?;
    let modified = standing.updated().unwrap_or_else(|| placement.now());
    Ok(dated(Reply::ok(&wire::View::of(&name, &base.path)), cx.microversion(), modified))
}

/// Renames it before 1.7; since then makes sure that it exists.
async fn update(
    cx: Cx,
    base: Base,
    Path(name): Path<String>,
    State(placement): State<Placement>,
    request: Request,
) -> Result<Reply, Fault> {
    if cx.microversion() < v(7) {
        let Json(body) = Json::<wire::Body>::from_request(request, &()).await?;
        app::resource_class::rename(&placement, &name, &body.name).await?;
        return Ok(Reply::ok(&wire::View::of(&body.name, &base.path)));
    }
    check(&wire::NAME, &serde_json::json!({"name": name}))?;
    let known = placement.index().await?.names().classes.find(&name).is_some();
    let made = !known && app::resource_class::create(&placement, &name).await?;
    let reply = Reply::empty(if made { StatusCode::CREATED } else { StatusCode::NO_CONTENT });
    Ok(base.locate(reply, &format!("/resource_classes/{name}")))
}

async fn delete(Path(name): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    app::resource_class::delete(&placement, &name).await?;
    Ok(Reply::no_content())
}
