//! Projects.

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use crate::{
    Identity, ProjectId,
    api::query,
    app,
    store::{
        Listing,
        project::{Filter, Project},
        project_tag,
    },
    wire::{
        Links, One,
        project::{CREATE, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/projects", list)
        .policy("identity:list_projects")
        .post("/v3/projects", create)
        .policy("identity:create_project")
        .schema(&CREATE)
        .get("/v3/projects/{project_id}", show)
        .policy("identity:get_project")
        .patch("/v3/projects/{project_id}", update)
        .policy("identity:update_project")
        .schema(&UPDATE)
        .delete("/v3/projects/{project_id}", delete)
        .policy("identity:delete_project")
}

/// What a list of projects is narrowed to, as clients write it.
pub(super) fn filter(params: &Params) -> Result<Filter, Fault> {
    Ok(Filter {
        names: query::names(params),
        domain_id: query::id(params, "domain_id"),
        parent_id: params.get("parent_id").map(str::to_owned),
        enabled: query::enabled(params),
        ids: None,
        tags: project_tag::Filter {
            all: query::comma_separated(params, "tags"),
            any: query::comma_separated(params, "tags-any"),
            not_all: query::comma_separated(params, "not-tags"),
            not_any: query::comma_separated(params, "not-tags-any"),
        },
        window: query::window(params)?,
    })
}

async fn list(Cx(cx): Cx, State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let mut filter = filter(&params)?;
    if query::flag(&params, "is_domain") == Some(true) {
        // No project acts as a domain.
        filter.ids = Some(Vec::new());
    }
    let listing = app::project::list(&cx, &identity, filter).await?;
    Ok(reply(&links, "projects", &listing))
}

/// A list of projects found at `path`.
pub(super) fn reply(links: &Links, path: &str, listing: &Listing<Project>) -> Reply {
    let views = listing.items.iter().map(|project| View::new(project, links)).collect();
    Reply::ok(&links.part("projects", path, listing, |project| project.id.as_str()).with(views))
}

async fn create(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Valid(body): Valid<Create>,
) -> Result<Reply, Fault> {
    let project = app::project::create(&cx, &identity, body.project).await?;
    Ok(Reply::created(&One("project", View::new(&project, &links))))
}

async fn show(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<ProjectId>,
) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:get_project").await?;
    Ok(Reply::ok(&One("project", View::new(&project, &links))))
}

async fn update(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<ProjectId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:update_project").await?;
    let project = app::project::update(&identity, project, body.project).await?;
    Ok(Reply::ok(&One("project", View::new(&project, &links))))
}

async fn delete(Cx(cx): Cx, State(identity): State<Identity>, Id(id): Id<ProjectId>) -> Result<Reply, Fault> {
    let project = identity.find_project(&cx, &id, "identity:delete_project").await?;
    app::project::delete(&identity, project).await?;
    Ok(Reply::no_content())
}
