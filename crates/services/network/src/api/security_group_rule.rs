//! `/security-group-rules`

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use super::reply::{Base, created, ends, page, single};
use crate::{
    Network, app,
    query::{Listing, Scope},
    store,
    wire::security_group_rule::{CREATE, CreateRules},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/security-group-rules", list)
        .policy("get_security_group_rule")
        .post("/security-group-rules", create)
        .policy("create_security_group_rule")
        .schema(&CREATE)
        .get("/security-group-rules/{id}", show)
        .policy("get_security_group_rule")
        .delete("/security-group-rules/{id}", delete)
        .policy("delete_security_group_rule")
}

async fn list(cx: Cx, State(net): State<Network>, base: Base, params: Params) -> Result<Reply, Fault> {
    let listing = Listing::parse(&params, store::security_group_rule::ATTRIBUTES, &[])?;
    if let Some(project) = cx.project_id() {
        net.ensure_default_group(project).await?;
    }
    let found =
        store::security_group_rule::list(net.db(), &Scope::of(&cx, "get_security_group_rule"), &listing).await?;
    let ids = ends(&found.rows, |row| row.id.to_string());
    Ok(page(&found.rows, &found, ids, (&base, "security-group-rules", &params), &()))
}

async fn create(cx: Cx, State(net): State<Network>, Valid(body): Valid<CreateRules>) -> Result<Reply, Fault> {
    let (wanted, bulk) = body.into_vec();
    let made = app::security_group_rule::create(&cx, &net, wanted).await?;
    Ok(created(&made, bulk, &()))
}

async fn show(cx: Cx, State(net): State<Network>, Id(id): Id<String>, params: Params) -> Result<Reply, Fault> {
    let row = net.find_security_group_rule(&cx, &id, "get_security_group_rule").await?;
    Ok(single(&row, &params, &()))
}

async fn delete(cx: Cx, State(net): State<Network>, Id(id): Id<String>) -> Result<Reply, Fault> {
    app::security_group_rule::delete(&cx, &net, &id).await?;
    Ok(Reply::no_content())
}
