//! `/subnets`

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use super::reply::{Base, created, ends, page, single, updated};
use crate::{
    Network, app,
    query::{Listing, Scope},
    store,
    wire::subnet::{CREATE, CreateSubnets, UPDATE, UpdateSubnet},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/subnets", list)
        .policy("get_subnet")
        .post("/subnets", create)
        .policy("create_subnet")
        .schema(&CREATE)
        .get("/subnets/{id}", show)
        .policy("get_subnet")
        .put("/subnets/{id}", update)
        .policy("update_subnet")
        .schema(&UPDATE)
        .delete("/subnets/{id}", delete)
        .policy("delete_subnet")
}

async fn list(cx: Cx, State(net): State<Network>, base: Base, params: Params) -> Result<Reply, Fault> {
    let listing = Listing::parse(&params, store::subnet::ATTRIBUTES, store::subnet::SPECIAL)?;
    let found = store::subnet::list(net.db(), &Scope::of(&cx, "get_subnet"), &listing).await?;
    let ids = ends(&found.rows, |row| row.id.to_string());
    Ok(page(&found.rows, &found, ids, (&base, "subnets", &params), &()))
}

async fn create(cx: Cx, State(net): State<Network>, Valid(body): Valid<CreateSubnets>) -> Result<Reply, Fault> {
    let (wanted, bulk) = body.into_vec();
    let made = app::subnet::create(&cx, &net, wanted).await?;
    Ok(created(&made, bulk, &()))
}

async fn show(cx: Cx, State(net): State<Network>, Id(id): Id<String>, params: Params) -> Result<Reply, Fault> {
    let (row, _) = net.find_subnet(&cx, &id, "get_subnet").await?;
    Ok(single(&row, &params, &()))
}

async fn update(
    cx: Cx,
    State(net): State<Network>,
    Id(id): Id<String>,
    Valid(body): Valid<UpdateSubnet>,
) -> Result<Reply, Fault> {
    let row = app::subnet::update(&cx, &net, &id, &body.subnet).await?;
    Ok(updated(&row, &()))
}

async fn delete(cx: Cx, State(net): State<Network>, Id(id): Id<String>) -> Result<Reply, Fault> {
    app::subnet::delete(&cx, &net, &id).await?;
    Ok(Reply::no_content())
}
