//! `/security-groups`

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use super::reply::{Base, created, ends, page, single, updated};
use crate::{
    Network, app,
    query::{Found, Listing, Scope},
    store,
    wire::security_group::{CREATE, SecurityGroupBody, UPDATE},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/security-groups", list)
        .policy("get_security_group")
        .post("/security-groups", create)
        .policy("create_security_group")
        .schema(&CREATE)
        .get("/security-groups/{id}", show)
        .policy("get_security_group")
        .put("/security-groups/{id}", update)
        .policy("update_security_group")
        .schema(&UPDATE)
        .delete("/security-groups/{id}", delete)
        .policy("delete_security_group")
}

async fn list(cx: Cx, State(net): State<Network>, base: Base, params: Params) -> Result<Reply, Fault> {
    let listing = Listing::parse(&params, store::security_group::ATTRIBUTES, store::security_group::SPECIAL)?;
    // Looking at groups is a use of the default one: it is there from then on.
    if let Some(project) = cx.project_id() {
        net.ensure_default_group(project).await?;
    }
    let Found { rows, page: of, more } =
        store::security_group::list(net.db(), &Scope::of(&cx, "get_security_group"), &listing).await?;
    let ids = ends(&rows, |row| row.id.to_string());
    // Rules are read only when they are asked for.
    let items = match listing.fields.want("security_group_rules") {
        true => app::security_group::with_rules(&net, rows).await?,
        false => {
            rows.into_iter().map(|group| crate::wire::security_group::WithRules { group, rules: Vec::new() }).collect()
        }
    };
    let found: Found<()> = Found { rows: Vec::new(), page: of, more };
    Ok(page(&items, &found, ids, (&base, "security-groups", &params), &()))
}

async fn create(cx: Cx, State(net): State<Network>, Valid(body): Valid<SecurityGroupBody>) -> Result<Reply, Fault> {
    let made = app::security_group::create(&cx, &net, body.security_group).await?;
    Ok(created(&[made], false, &()))
}

async fn show(cx: Cx, State(net): State<Network>, Id(id): Id<String>, params: Params) -> Result<Reply, Fault> {
    let row = net.find_security_group(&cx, &id, "get_security_group").await?;
    Ok(single(&app::security_group::one_with_rules(&net, row).await?, &params, &()))
}

async fn update(
    cx: Cx,
    State(net): State<Network>,
    Id(id): Id<String>,
    Valid(body): Valid<SecurityGroupBody>,
) -> Result<Reply, Fault> {
    let changed = app::security_group::update(&cx, &net, &id, &body.security_group).await?;
    Ok(updated(&changed, &()))
}

async fn delete(cx: Cx, State(net): State<Network>, Id(id): Id<String>) -> Result<Reply, Fault> {
    app::security_group::delete(&cx, &net, &id).await?;
    Ok(Reply::no_content())
}
