//! Groups and who is in them.

use ferrostack_http::{
    Cx, Fault, Id, Params, Reply, Routes, Valid,
    axum::extract::{Path, State},
};

use crate::{
    GroupId, Identity, UserId,
    api::{query, user},
    app,
    store::{
        self, Listing,
        group::{Filter, Group},
    },
    wire::{
        Links, One,
        group::{CREATE, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    let member = "/v3/groups/{group_id}/users/{user_id}";
    Routes::new()
        .get("/v3/groups", list)
        .policy("identity:list_groups")
        .post("/v3/groups", create)
        .policy("identity:create_group")
        .schema(&CREATE)
        .get("/v3/groups/{group_id}", show)
        .policy("identity:get_group")
        .patch("/v3/groups/{group_id}", update)
        .policy("identity:update_group")
        .schema(&UPDATE)
        .delete("/v3/groups/{group_id}", delete)
        .policy("identity:delete_group")
        .get("/v3/groups/{group_id}/users", members)
        .policy("identity:list_users_in_group")
        .put(member, add_member)
        .policy("identity:add_user_to_group")
        .no_schema("the path says all")
        .get(member, check_member)
        .policy("identity:check_user_in_group")
        .delete(member, remove_member)
        .policy("identity:remove_user_from_group")
}

async fn list(Cx(cx): Cx, State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let (names, domain_id) = (query::names(&params), query::id(&params, "domain_id"));
    let filter = Filter { names, domain_id, user_id: None, window: query::window(&params)? };
    let listing = app::group::list(&cx, &identity, filter).await?;
    Ok(reply(&links, "groups", &listing))
}

/// A list of groups found at `path`.
pub(super) fn reply(links: &Links, path: &str, listing: &Listing<Group>) -> Reply {
    let views = listing.items.iter().map(|group| View::new(group, links)).collect();
    Reply::ok(&links.part("groups", path, listing, |group| group.id.as_str()).with(views))
}

async fn create(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Valid(body): Valid<Create>,
) -> Result<Reply, Fault> {
    let group = app::group::create(&cx, &identity, body.group).await?;
    Ok(Reply::created(&One("group", View::new(&group, &links))))
}

async fn show(Cx(cx): Cx, State(identity): State<Identity>, links: Links, Id(id): Id<GroupId>) -> Result<Reply, Fault> {
    let group = identity.find_group(&cx, &id, "identity:get_group").await?;
    Ok(Reply::ok(&One("group", View::new(&group, &links))))
}

async fn update(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<GroupId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let group = identity.find_group(&cx, &id, "identity:update_group").await?;
    let group = app::group::update(&identity, group, body.group).await?;
    Ok(Reply::ok(&One("group", View::new(&group, &links))))
}

async fn delete(Cx(cx): Cx, State(identity): State<Identity>, Id(id): Id<GroupId>) -> Result<Reply, Fault> {
    let group = identity.find_group(&cx, &id, "identity:delete_group").await?;
    app::group::delete(&identity, group).await?;
    Ok(Reply::no_content())
}

async fn members(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    params: Params,
    Path(id): Path<GroupId>,
) -> Result<Reply, Fault> {
    let group = identity.find_group(&cx, &id, "identity:list_users_in_group").await?;
    let (names, enabled, window) = (query::names(&params), query::enabled(&params), query::window(&params)?);
    let filter = store::user::Filter { names, enabled, window, group_id: Some(group.id), ..Default::default() };
    let listing = store::user::list(identity.db(), &filter).await?;
    Ok(user::reply(&links, &format!("groups/{id}/users"), &listing))
}

type Member = Path<(GroupId, UserId)>;

async fn add_member(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    Path((group_id, user_id)): Member,
) -> Result<Reply, Fault> {
    let (group, user) = identity.find_member(&cx, &group_id, &user_id, "identity:add_user_to_group").await?;
    app::group::add_member(&identity, &group, &user).await?;
    Ok(Reply::no_content())
}

async fn check_member(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    Path((group_id, user_id)): Member,
) -> Result<Reply, Fault> {
    let (group, user) = identity.find_member(&cx, &group_id, &user_id, "identity:check_user_in_group").await?;
    app::group::check_member(&identity, &group, &user).await?;
    Ok(Reply::no_content())
}

async fn remove_member(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    Path((group_id, user_id)): Member,
) -> Result<Reply, Fault> {
    let (group, user) = identity.find_member(&cx, &group_id, &user_id, "identity:remove_user_from_group").await?;
    app::group::remove_member(&identity, &group, &user).await?;
    Ok(Reply::no_content())
}
