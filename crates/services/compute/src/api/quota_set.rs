//! Quotas of projects.

use std::collections::HashMap;

use ferrostack_http::{
    Cx, Fault, Reply, Routes, Valid,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};

use crate::{
    Compute,
    app::limits::{Quota, RESOURCES},
    wire::quota_set::{UPDATE, Update, details, limits},
};

pub(super) fn routes() -> Routes<Compute> {
    // Whose quota it is stands in the address, so the handlers ask the policy with that project.
    Routes::new()
        .get("/os-quota-sets/{project}", show)
        .get("/os-quota-sets/{project}/detail", detail)
        .get("/os-quota-sets/{project}/defaults", defaults)
        .policy("os_compute_api:os-quota-sets:defaults")
        .put("/os-quota-sets/{project}", update)
        .schema(&UPDATE)
        .policy("os_compute_api:os-quota-sets:update")
        .delete("/os-quota-sets/{project}", delete)
        .policy("os_compute_api:os-quota-sets:delete")
}

async fn show(Cx(cx): Cx, State(compute): State<Compute>, Path(project): Path<String>) -> Result<Reply, Fault> {
    cx.allow("os_compute_api:os-quota-sets:show", &[("project_id", project.as_str())])?;
    Ok(Reply::ok(&limits(Some(&project), &compute.quotas(&project).await?)))
}

async fn detail(Cx(cx): Cx, State(compute): State<Compute>, Path(project): Path<String>) -> Result<Reply, Fault> {
    cx.allow("os_compute_api:os-quota-sets:detail", &[("project_id", project.as_str())])?;
    Ok(Reply::ok(&details(&project, &compute.quotas(&project).await?)))
}

async fn defaults(State(compute): State<Compute>, Path(project): Path<String>) -> Reply {
    let default = |name: &'static str| (name, Quota { limit: compute.default_limit(name), used: 0 });
    let all: HashMap<_, _> = RESOURCES.iter().map(|(name, _)| default(name)).collect();
    Reply::ok(&limits(Some(&project), &all))
}

async fn update(
    State(compute): State<Compute>,
    Path(project): Path<String>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let (wanted, force) = body.limits()?;
    compute.set_quotas(&project, &wanted, force).await?;
    Ok(Reply::ok(&limits(None, &compute.quotas(&project).await?)))
}

async fn delete(State(compute): State<Compute>, Path(project): Path<String>) -> Result<Reply, Fault> {
    compute.reset_quotas(&project).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}
