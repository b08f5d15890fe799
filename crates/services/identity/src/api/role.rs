//! Roles.

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use crate::{
    Identity, RoleId,
    api::query,
    app,
    store::{self, role::Role},
    wire::{
        Links, One,
        role::{CREATE, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/roles", list)
        .policy("identity:list_roles")
        .post("/v3/roles", create)
        .policy("identity:create_role")
        .schema(&CREATE)
        .get("/v3/roles/{role_id}", show)
        .policy("identity:get_role")
        .patch("/v3/roles/{role_id}", update)
        .policy("identity:update_role")
        .schema(&UPDATE)
        .delete("/v3/roles/{role_id}", delete)
        .policy("identity:delete_role")
}

async fn list(State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let filter = store::role::Filter { names: query::names(&params), domain_id: query::id(&params, "domain_id") };
    let roles = store::role::list(identity.db(), &filter).await?;
    Ok(reply(&links, "roles", &roles))
}

/// A list of roles found at `path`.
pub(super) fn reply(links: &Links, path: &str, roles: &[Role]) -> Reply {
    let views = roles.iter().map(|role| View::new(role, links)).collect();
    Reply::ok(&links.all("roles", path, views))
}

async fn create(State(identity): State<Identity>, links: Links, Valid(body): Valid<Create>) -> Result<Reply, Fault> {
    let role = app::role::create(&identity, body.role).await?;
    Ok(Reply::created(&One("role", View::new(&role, &links))))
}

async fn show(Cx(cx): Cx, State(identity): State<Identity>, links: Links, Id(id): Id<RoleId>) -> Result<Reply, Fault> {
    let role = identity.find_role(&cx, &id, "identity:get_role").await?;
    Ok(Reply::ok(&One("role", View::new(&role, &links))))
}

async fn update(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<RoleId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let role = identity.find_role(&cx, &id, "identity:update_role").await?;
    let role = app::role::update(&identity, role, body.role).await?;
    Ok(Reply::ok(&One("role", View::new(&role, &links))))
}

async fn delete(Cx(cx): Cx, State(identity): State<Identity>, Id(id): Id<RoleId>) -> Result<Reply, Fault> {
    let role = identity.find_role(&cx, &id, "identity:delete_role").await?;
    app::role::delete(&identity, role).await?;
    Ok(Reply::no_content())
}
