//! The scopes that the caller can choose from.

use ferrostack_http::{Cx, Fault, Reply, Routes, axum::extract::State};
use serde_json::{Value, json};

use crate::{
    Identity, UserId,
    store::{self, assignment::Target},
    wire::{self, Links},
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/auth/projects", projects)
        .policy("identity:get_auth_projects")
        .get("/v3/auth/domains", domains)
        .policy("identity:get_auth_domains")
        .get("/v3/auth/system", system)
        .policy("identity:get_auth_system")
}

fn user_id(cx: &Cx) -> Result<UserId, Fault> {
    Ok(UserId::from_trusted(cx.require_identity()?.user_id.as_str()))
}

async fn projects(cx: Cx, State(identity): State<Identity>, links: Links) -> Result<Reply, Fault> {
    let ids = store::assignment::list_project_ids(identity.db(), &user_id(&cx)?).await?;
    let filter = store::project::Filter { ids: Some(ids), enabled: Some(true), ..Default::default() };
    let listing = store::project::list(identity.db(), &filter).await?;
    let views = listing.items.iter().map(|project| wire::project::View::new(project, &links)).collect();
    Ok(Reply::ok(&links.all("projects", "auth/projects", views)))
}

async fn domains(cx: Cx, State(identity): State<Identity>, links: Links) -> Result<Reply, Fault> {
    let ids = store::assignment::list_domain_ids(identity.db(), &user_id(&cx)?).await?;
    let domains = store::domain::list_enabled(identity.db(), &ids).await?;
    let views = domains.iter().map(|domain| wire::domain::View::new(domain, &links)).collect();
    Ok(Reply::ok(&links.all("domains", "auth/domains", views)))
}

async fn system(cx: Cx, State(identity): State<Identity>, links: Links) -> Result<Reply, Fault> {
    let roles = store::assignment::list_role_ids_of_user(identity.db(), &user_id(&cx)?, &Target::System).await?;
    let parts: Vec<Value> = if roles.is_empty() { Vec::new() } else { vec![json!({"all": true})] };
    Ok(Reply::ok(&links.all("system", "auth/system", parts)))
}
