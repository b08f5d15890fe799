//! `/networks`

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use super::reply::{Base, created, ends, page, single, updated};
use crate::{
    Network, app,
    policy::Asked,
    query::{Listing, Scope},
    store,
    wire::network::{CREATE, CreateNetworks, NetworkShown, UPDATE, UpdateNetwork},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/networks", list)
        .policy("get_network")
        .post("/networks", create)
        .policy("create_network")
        .schema(&CREATE)
        .get("/networks/{id}", show)
        .policy("get_network")
        .put("/networks/{id}", update)
        .policy("update_network")
        .schema(&UPDATE)
        .delete("/networks/{id}", delete)
        .policy("delete_network")
}

fn shown(cx: &Cx) -> NetworkShown {
    let own = Asked::of(cx.project_id().unwrap_or_default());
    let parts = [
        "get_network:provider:network_type",
        "get_network:provider:physical_network",
        "get_network:provider:segmentation_id",
    ];
    NetworkShown { provider: parts.iter().all(|action| cx.allow(action, &own).is_ok()) }
}

async fn list(cx: Cx, State(net): State<Network>, base: Base, params: Params) -> Result<Reply, Fault> {
    let listing = Listing::parse(&params, store::network::ATTRIBUTES, store::network::SPECIAL)?;
    let found = store::network::list(net.db(), &Scope::of(&cx, "get_network"), &listing).await?;
    let ids = ends(&found.rows, |row| row.id.to_string());
    Ok(page(&found.rows, &found, ids, (&base, "networks", &params), &shown(&cx)))
}

async fn create(cx: Cx, State(net): State<Network>, Valid(body): Valid<CreateNetworks>) -> Result<Reply, Fault> {
    let (wanted, bulk) = body.into_vec();
    let made = app::network::create(&cx, &net, wanted).await?;
    Ok(created(&made, bulk, &shown(&cx)))
}

async fn show(cx: Cx, State(net): State<Network>, Id(id): Id<String>, params: Params) -> Result<Reply, Fault> {
    let row = net.find_network(&cx, &id, "get_network").await?;
    Ok(single(&row, &params, &shown(&cx)))
}

async fn update(
    cx: Cx,
    State(net): State<Network>,
    Id(id): Id<String>,
    Valid(body): Valid<UpdateNetwork>,
) -> Result<Reply, Fault> {
    let row = app::network::update(&cx, &net, &id, &body.network).await?;
    Ok(updated(&row, &shown(&cx)))
}

async fn delete(cx: Cx, State(net): State<Network>, Id(id): Id<String>) -> Result<Reply, Fault> {
    app::network::delete(&cx, &net, &id).await?;
    Ok(Reply::no_content())
}
