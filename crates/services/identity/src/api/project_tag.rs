//! Tags of projects.

use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes, Valid,
    axum::{
        extract::{Path, State},
        http::{StatusCode, header},
    },
};

use crate::{
    Identity, IdentityError, ProjectId, app,
    wire::{
        Links,
        project_tag::{REPLACE, Replace},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    let (all, one) = ("/v3/projects/{project_id}/tags", "/v3/projects/{project_id}/tags/{tag}");
    Routes::new()
        .get(all, list)
        .policy("identity:list_project_tags")
        .put(all, replace)
        .policy("identity:update_project_tags")
        .schema(&REPLACE)
        .delete(all, delete_all)
        .policy("identity:delete_project_tags")
        .get(one, check)
        .policy("identity:get_project_tag")
        .put(one, create)
        .policy("identity:create_project_tag")
        .no_schema("the path says all; clients send an empty object or nothing")
        .delete(one, delete)
        .policy("identity:delete_project_tag")
}

fn reply(links: &Links, id: &ProjectId, tags: &[String]) -> Reply {
    Reply::ok(&links.all("tags", &format!("projects/{id}/tags"), tags.iter().collect()))
}

async fn list(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<ProjectId>,
) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:list_project_tags").await?;
    Ok(reply(&links, &id, &project.tags))
}

async fn replace(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<ProjectId>,
    Valid(body): Valid<Replace>,
) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:update_project_tags").await?;
    let project = app::project::replace_tags(&identity, project, body.tags).await?;
    Ok(reply(&links, &id, &project.tags))
}

async fn delete_all(Cx(cx): Cx, State(identity): State<Identity>, Id(id): Id<ProjectId>) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:delete_project_tags").await?;
    app::project::replace_tags(&identity, project, Vec::new()).await?;
    Ok(Reply::no_content())
}

fn missing(tag: String) -> IdentityError {
    IdentityError::NotFound { what: "project tag", id: tag }
}

async fn check(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    Path((id, tag)): Path<(ProjectId, String)>,
) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:get_project_tag").await?;
    if project.tags.contains(&tag) { Ok(Reply::no_content()) } else { Err(missing(tag).into()) }
}

async fn create(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Path((id, tag)): Path<(ProjectId, String)>,
) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:create_project_tag").await?;
    if tag.chars().count() > 255 || tag.contains([',', '/']) {
        return Err(Fault::bad_request(format!("Tag {tag:?} has more than 255 characters, a comma or a slash.")));
    }
    let place = links.href(&format!("projects/{id}/tags/{tag}"));
    let mut tags = project.tags.clone();
    tags.push(tag);
    app::project::replace_tags(&identity, project, tags).await?;
    Ok(Reply::empty(StatusCode::CREATED).header(header::LOCATION, &place))
}

async fn delete(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    Path((id, tag)): Path<(ProjectId, String)>,
) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:delete_project_tag").await?;
    let mut tags = project.tags.clone();
    let Some(at) = tags.iter().position(|known| *known == tag) else { return Err(missing(tag).into()) };
    tags.remove(at);
    app::project::replace_tags(&identity, project, tags).await?;
    Ok(Reply::no_content())
}
