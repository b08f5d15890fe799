//! `/quotas`

use ferrostack_http::{
    Cx, Fault, Reply, Routes, Valid,
    axum::extract::{Path, State},
};
use serde_json::{Value, json};

use crate::{
    Network, app,
    wire::quota::{QuotaAnswer, QuotaList, UPDATE, UpdateQuota},
};

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/quotas", list)
        .policy("get_quota")
        .get("/quotas/{project}", show)
        .policy("get_quota")
        .get("/quotas/{project}/default", defaults)
        .policy("get_quota")
        .get("/quotas/{project}/details", details)
        .policy("get_quota")
        .put("/quotas/{project}", update)
        .policy("update_quota")
        .schema(&UPDATE)
        .delete("/quotas/{project}", delete)
        .policy("delete_quota")
}

async fn list(cx: Cx, State(net): State<Network>) -> Result<Reply, Fault> {
    let all = app::quota::list(&cx, &net).await?;
    let quotas = all.into_iter().map(|(project, limits)| {
        let limits = limits.into_iter().map(|(name, limit)| (name, Value::from(limit)));
        limits.chain([("tenant_id", json!(project)), ("project_id", json!(project))]).collect()
    });
    Ok(Reply::ok(&QuotaList { quotas: quotas.collect() }))
}

async fn show(cx: Cx, State(net): State<Network>, Path(project): Path<String>) -> Result<Reply, Fault> {
    // `tenant` and `project` are the caller's own, told as an id only.
    if matches!(project.as_str(), "tenant" | "project") {
        let own = cx.project_id().unwrap_or_default();
        return Ok(Reply::ok(&json!({"tenant": {"tenant_id": own, "project_id": own}})));
    }
    Ok(Reply::ok(&QuotaAnswer { quota: app::quota::show(&cx, &net, &project).await? }))
}

async fn defaults(cx: Cx, State(net): State<Network>, Path(project): Path<String>) -> Result<Reply, Fault> {
    Ok(Reply::ok(&QuotaAnswer { quota: app::quota::defaults(&cx, &net, &project)? }))
}

async fn details(cx: Cx, State(net): State<Network>, Path(project): Path<String>) -> Result<Reply, Fault> {
    Ok(Reply::ok(&QuotaAnswer { quota: app::quota::details(&cx, &net, &project).await? }))
}

async fn update(
    cx: Cx,
    State(net): State<Network>,
    Path(project): Path<String>,
    Valid(body): Valid<UpdateQuota>,
) -> Result<Reply, Fault> {
    Ok(Reply::ok(&QuotaAnswer { quota: app::quota::update(&cx, &net, &project, &body.quota).await? }))
}

async fn delete(cx: Cx, State(net): State<Network>, Path(project): Path<String>) -> Result<Reply, Fault> {
    app::quota::delete(&cx, &net, &project).await?;
    Ok(Reply::no_content())
}
