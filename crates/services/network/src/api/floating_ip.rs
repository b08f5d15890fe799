//! `/floatingips`

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use super::reply::{Base, created, ends, page, single, updated};
use crate::{
    Network, app,
    query::{Listing, Scope},
    store,
    wire::floating_ip::{CREATE, FloatingIpBody, UPDATE},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/floatingips", list)
        .policy("get_floatingip")
        .post("/floatingips", create)
        .policy("create_floatingip")
        .schema(&CREATE)
        .get("/floatingips/{id}", show)
        .policy("get_floatingip")
        .put("/floatingips/{id}", update)
        .policy("update_floatingip")
        .schema(&UPDATE)
        .delete("/floatingips/{id}", delete)
        .policy("delete_floatingip")
}

async fn list(cx: Cx, State(net): State<Network>, base: Base, params: Params) -> Result<Reply, Fault> {
    let listing = Listing::parse(&params, store::floating_ip::ATTRIBUTES, store::floating_ip::SPECIAL)?;
    let found = store::floating_ip::list(net.db(), &Scope::of(&cx, "get_floatingip"), &listing).await?;
    let ids = ends(&found.rows, |row| row.id.to_string());
    Ok(page(&found.rows, &found, ids, (&base, "floatingips", &params), &()))
}

async fn create(cx: Cx, State(net): State<Network>, Valid(body): Valid<FloatingIpBody>) -> Result<Reply, Fault> {
    let made = app::floating_ip::create(&cx, &net, body.floatingip).await?;
    Ok(created(&[made], false, &()))
}

async fn show(cx: Cx, State(net): State<Network>, Id(id): Id<String>, params: Params) -> Result<Reply, Fault> {
    let row = net.find_floating_ip(&cx, &id, "get_floatingip").await?;
    Ok(single(&row, &params, &()))
}

async fn update(
    cx: Cx,
    State(net): State<Network>,
    Id(id): Id<String>,
    Valid(body): Valid<FloatingIpBody>,
) -> Result<Reply, Fault> {
    let row = app::floating_ip::update(&cx, &net, &id, &body.floatingip).await?;
    Ok(updated(&row, &()))
}

async fn delete(cx: Cx, State(net): State<Network>, Id(id): Id<String>) -> Result<Reply, Fault> {
    app::floating_ip::delete(&cx, &net, &id).await?;
    Ok(Reply::no_content())
}
