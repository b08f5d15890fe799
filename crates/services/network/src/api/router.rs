//! `/routers`

use ferrostack_http::{
    Cx, Fault, Id, Params, Reply, Routes, Valid,
    axum::extract::{Path, State},
};

use super::reply::{Base, created, ends, page, single, updated};
use crate::{
    Network, app,
    query::{Listing, Scope},
    store,
    wire::router::{CREATE, INTERFACE, InterfaceBody, ROUTES, RouterBody, UPDATE},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/routers", list)
        .policy("get_router")
        .post("/routers", create)
        .policy("create_router")
        .schema(&CREATE)
        .get("/routers/{id}", show)
        .policy("get_router")
        .put("/routers/{id}", update)
        .policy("update_router")
        .schema(&UPDATE)
        .delete("/routers/{id}", delete)
        .policy("delete_router")
        .put("/routers/{id}/add_router_interface", add_interface)
        .policy("add_router_interface")
        .schema(&INTERFACE)
        .put("/routers/{id}/remove_router_interface", remove_interface)
        .policy("remove_router_interface")
        .schema(&INTERFACE)
        .put("/routers/{id}/add_extraroutes", add_routes)
        .policy("add_extraroutes")
        .schema(&ROUTES)
        .put("/routers/{id}/remove_extraroutes", remove_routes)
        .policy("remove_extraroutes")
        .schema(&ROUTES)
}

async fn list(cx: Cx, State(net): State<Network>, base: Base, params: Params) -> Result<Reply, Fault> {
    let listing = Listing::parse(&params, store::router::ATTRIBUTES, store::router::SPECIAL)?;
    let found = store::router::list(net.db(), &Scope::of(&cx, "get_router"), &listing).await?;
    let ids = ends(&found.rows, |row| row.id.to_string());
    Ok(page(&found.rows, &found, ids, (&base, "routers", &params), &()))
}

async fn create(cx: Cx, State(net): State<Network>, Valid(body): Valid<RouterBody>) -> Result<Reply, Fault> {
    let made = app::router::create(&cx, &net, body.router).await?;
    Ok(created(&[made], false, &()))
}

async fn show(cx: Cx, State(net): State<Network>, Id(id): Id<String>, params: Params) -> Result<Reply, Fault> {
    let row = net.find_router(&cx, &id, "get_router").await?;
    Ok(single(&row, &params, &()))
}

async fn update(
    cx: Cx,
    State(net): State<Network>,
    Id(id): Id<String>,
    Valid(body): Valid<RouterBody>,
) -> Result<Reply, Fault> {
    let row = app::router::update(&cx, &net, &id, &body.router).await?;
    Ok(updated(&row, &()))
}

async fn delete(cx: Cx, State(net): State<Network>, Id(id): Id<String>) -> Result<Reply, Fault> {
    app::router::delete(&cx, &net, &id).await?;
    Ok(Reply::no_content())
}

async fn add_interface(
    cx: Cx,
    State(net): State<Network>,
    Path(id): Path<String>,
    Valid(body): Valid<InterfaceBody>,
) -> Result<Reply, Fault> {
    Ok(Reply::ok(&app::router_interface::add(&cx, &net, &id, &body).await?))
}

async fn remove_interface(
    cx: Cx,
    State(net): State<Network>,
    Path(id): Path<String>,
    Valid(body): Valid<InterfaceBody>,
) -> Result<Reply, Fault> {
    Ok(Reply::ok(&app::router_interface::remove(&cx, &net, &id, &body).await?))
}

async fn add_routes(
    cx: Cx,
    State(net): State<Network>,
    Path(id): Path<String>,
    Valid(body): Valid<RouterBody>,
) -> Result<Reply, Fault> {
    let row = app::router::change_routes(&cx, &net, &id, "add_extraroutes", &body.router.routes).await?;
    Ok(updated(&row, &()))
}

async fn remove_routes(
    cx: Cx,
    State(net): State<Network>,
    Path(id): Path<String>,
    Valid(body): Valid<RouterBody>,
) -> Result<Reply, Fault> {
    let row = app::router::change_routes(&cx, &net, &id, "remove_extraroutes", &body.router.routes).await?;
    Ok(updated(&row, &()))
}
