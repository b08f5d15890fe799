//! `/ports`

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use super::reply::{Base, created, ends, page, single, updated};
use crate::{
    Network, app,
    policy::Asked,
    query::{Listing, Scope},
    store,
    wire::port::{CREATE, CreatePorts, PortShown, UPDATE, UpdatePort},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/ports", list)
        .policy("get_port")
        .post("/ports", create)
        .policy("create_port")
        .schema(&CREATE)
        .get("/ports/{id}", show)
        .policy("get_port")
        .put("/ports/{id}", update)
        .policy("update_port")
        .schema(&UPDATE)
        .delete("/ports/{id}", delete)
        .policy("delete_port")
}

fn shown(cx: &Cx, net: &Network) -> PortShown {
    let own = Asked::of(cx.project_id().unwrap_or_default());
    let may = |action: &str| cx.allow(action, &own).is_ok();
    PortShown {
        host: may("get_port:binding:host_id"),
        profile: may("get_port:binding:profile"),
        vif_type: may("get_port:binding:vif_type"),
        vif_details: may("get_port:binding:vif_details"),
        dns_domain: net.options().dns_domain.clone(),
    }
}

async fn list(cx: Cx, State(net): State<Network>, base: Base, params: Params) -> Result<Reply, Fault> {
    let listing = Listing::parse(&params, store::port::ATTRIBUTES, store::port::SPECIAL)?;
    let found = store::port::list(net.db(), &Scope::of(&cx, "get_port"), &listing).await?;
    let ids = ends(&found.rows, |row| row.id.to_string());
    Ok(page(&found.rows, &found, ids, (&base, "ports", &params), &shown(&cx, &net)))
}

async fn create(cx: Cx, State(net): State<Network>, Valid(body): Valid<CreatePorts>) -> Result<Reply, Fault> {
    let (wanted, bulk) = body.into_vec();
    let made = app::port::create::create(&cx, &net, wanted).await?;
    Ok(created(&made, bulk, &shown(&cx, &net)))
}

async fn show(cx: Cx, State(net): State<Network>, Id(id): Id<String>, params: Params) -> Result<Reply, Fault> {
    let row = net.find_port(&cx, &id, "get_port").await?;
    Ok(single(&row, &params, &shown(&cx, &net)))
}

async fn update(
    cx: Cx,
    State(net): State<Network>,
    Id(id): Id<String>,
    Valid(body): Valid<UpdatePort>,
) -> Result<Reply, Fault> {
    let row = app::port::update::update(&cx, &net, &id, &body.port).await?;
    Ok(updated(&row, &shown(&cx, &net)))
}

async fn delete(cx: Cx, State(net): State<Network>, Id(id): Id<String>) -> Result<Reply, Fault> {
    app::port::delete::delete(&cx, &net, &id).await?;
    Ok(Reply::no_content())
}
