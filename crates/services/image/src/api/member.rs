//! The projects with which an image is shared.

use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes, Valid,
    axum::extract::{Path, State},
};

use super::tag::parse_id;
use crate::{
    Image, ImageId, app,
    wire::member::{CREATE, CreateMember, MemberView, MembersView, UPDATE, UpdateMember},
};

pub(super) fn routes() -> Routes<Image> {
    Routes::new()
        .get("/v2/images/{id}/members", list)
        .policy("get_members")
        .post("/v2/images/{id}/members", create)
        .policy("add_member")
        .schema(&CREATE)
        .get("/v2/images/{id}/members/{member}", show)
        .policy("get_member")
        // The handler asks modify_member with the image: only then it is known whether the caller is its member.
        .put("/v2/images/{id}/members/{member}", update)
        .policy("get_image")
        .schema(&UPDATE)
        .delete("/v2/images/{id}/members/{member}", delete)
        .policy("delete_member")
}

async fn list(Cx(cx): Cx, State(image): State<Image>, Id(id): Id<ImageId>) -> Result<Reply, Fault> {
    let members = app::member::list(&cx, &image, id).await?;
    Ok(Reply::ok(&MembersView {
        members: members.iter().map(MemberView::new).collect(),
        schema: "/v2/schemas/members",
    }))
}

async fn create(
    Cx(cx): Cx,
    State(image): State<Image>,
    Id(id): Id<ImageId>,
    Valid(body): Valid<CreateMember>,
) -> Result<Reply, Fault> {
    let member = app::member::create(&cx, &image, id, body.member).await?;
    Ok(Reply::ok(&MemberView::new(&member)))
}

async fn show(
    Cx(cx): Cx,
    State(image): State<Image>,
    Path((id, member)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    let member = app::member::get(&cx, &image, parse_id(&id)?, &member).await?;
    Ok(Reply::ok(&MemberView::new(&member)))
}

async fn update(
    Cx(cx): Cx,
    State(image): State<Image>,
    Path((id, member)): Path<(String, String)>,
    Valid(body): Valid<UpdateMember>,
) -> Result<Reply, Fault> {
    let member = app::member::update(&cx, &image, parse_id(&id)?, &member, body.status).await?;
    Ok(Reply::ok(&MemberView::new(&member)))
}

async fn delete(
    Cx(cx): Cx,
    State(image): State<Image>,
    Path((id, member)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    app::member::delete(&cx, &image, parse_id(&id)?, &member).await?;
    Ok(Reply::no_content())
}
