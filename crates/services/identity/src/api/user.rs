//! Users.

use ferrostack_http::{
    Cx, Fault, Id, Params, Reply, Routes, Valid,
    axum::extract::{Path, State},
};

use crate::{
    Identity, UserId,
    api::{group, project, query},
    app,
    store::{
        self, Listing,
        user::{Filter, User},
    },
    wire::{
        Links, One,
        user::{CHANGE_PASSWORD, CREATE, ChangePassword, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/users", list)
        .policy("identity:list_users")
        .post("/v3/users", create)
        .policy("identity:create_user")
        .schema(&CREATE)
        .get("/v3/users/{user_id}", show)
        .policy("identity:get_user")
        .patch("/v3/users/{user_id}", update)
        .policy("identity:update_user")
        .schema(&UPDATE)
        .delete("/v3/users/{user_id}", delete)
        .policy("identity:delete_user")
        // The old password is the proof: whoever must change it may have no token any more.
        .post("/v3/users/{user_id}/password", change_password)
        .public()
        .schema(&CHANGE_PASSWORD)
        .get("/v3/users/{user_id}/groups", groups)
        .policy("identity:list_groups_for_user")
        .get("/v3/users/{user_id}/projects", projects)
        .policy("identity:list_user_projects")
}

async fn list(Cx(cx): Cx, State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let filter = Filter {
        names: query::names(&params),
        domain_id: query::id(&params, "domain_id"),
        enabled: query::enabled(&params),
        default_project_id: query::id(&params, "default_project_id"),
        group_id: None,
        window: query::window(&params)?,
    };
    let listing = app::user::list(&cx, &identity, filter).await?;
    Ok(reply(&links, "users", &listing))
}

/// A list of users found at `path`.
pub(super) fn reply(links: &Links, path: &str, listing: &Listing<User>) -> Reply {
    let views = listing.items.iter().map(|user| View::new(user, links)).collect();
    Reply::ok(&links.part("users", path, listing, |user| user.id.as_str()).with(views))
}

async fn create(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Valid(body): Valid<Create>,
) -> Result<Reply, Fault> {
    let user = app::user::create(&cx, &identity, body.user).await?;
    Ok(Reply::created(&One("user", View::new(&user, &links))))
}

async fn show(Cx(cx): Cx, State(identity): State<Identity>, links: Links, Id(id): Id<UserId>) -> Result<Reply, Fault> {
    let user = identity.find_user(&cx, &id, "identity:get_user").await?;
    Ok(Reply::ok(&One("user", View::new(&user, &links))))
}

async fn update(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<UserId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let user = identity.find_user(&cx, &id, "identity:update_user").await?;
    let user = app::user::update(&identity, user, body.user).await?;
    Ok(Reply::ok(&One("user", View::new(&user, &links))))
}

async fn delete(Cx(cx): Cx, State(identity): State<Identity>, Id(id): Id<UserId>) -> Result<Reply, Fault> {
    let user = identity.find_user(&cx, &id, "identity:delete_user").await?;
    app::user::delete(&identity, user).await?;
    Ok(Reply::no_content())
}

async fn change_password(
    State(identity): State<Identity>,
    Path(id): Path<UserId>,
    Valid(body): Valid<ChangePassword>,
) -> Result<Reply, Fault> {
    app::user::change_password(&identity, &id, body.user).await?;
    Ok(Reply::no_content())
}

async fn groups(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    params: Params,
    Path(id): Path<UserId>,
) -> Result<Reply, Fault> {
    let user = identity.find_user(&cx, &id, "identity:list_groups_for_user").await?;
    let (names, window) = (query::names(&params), query::window(&params)?);
    let filter = store::group::Filter { names, domain_id: None, user_id: Some(user.id), window };
    let listing = store::group::list(identity.db(), &filter).await?;
    Ok(group::reply(&links, &format!("users/{id}/groups"), &listing))
}

async fn projects(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    params: Params,
    Path(id): Path<UserId>,
) -> Result<Reply, Fault> {
    let user = identity.find_user(&cx, &id, "identity:list_user_projects").await?;
    let mut filter = project::filter(&params)?;
    filter.ids = Some(store::assignment::list_project_ids(identity.db(), &user.id).await?);
    let listing = store::project::list(identity.db(), &filter).await?;
    Ok(project::reply(&links, &format!("users/{id}/projects"), &listing))
}
