//! Limits of a project, with what it uses.

use ferrostack_http::{Cx, Fault, Params, Reply, Routes, axum::extract::State};
use serde_json::json;

use crate::{Compute, app::limits::Quota};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new().get("/limits", show).policy("os_compute_api:limits")
}

async fn show(Cx(cx): Cx, State(compute): State<Compute>, params: Params) -> Result<Reply, Fault> {
    let project = match params.get("tenant_id").filter(|project| cx.project_id() != Some(project)) {
        Some(project) => {
            cx.allow("os_compute_api:limits:other_project", &[("project_id", project)])?;
            project
        }
        None => cx.require_project()?,
    };
    let quotas = compute.quotas(project).await?;
    let quota = |name: &str| quotas.get(name).copied().unwrap_or(Quota { limit: -1, used: 0 });
    // What the network service limits nowadays, and files that can't be injected, are shown as upstream does.
    let absolute = json!({
        "maxTotalInstances": quota("instances").limit,
        "totalInstancesUsed": quota("instances").used,
        "maxTotalCores": quota("cores").limit,
        "totalCoresUsed": quota("cores").used,
        "maxTotalRAMSize": quota("ram").limit,
        "totalRAMUsed": quota("ram").used,
        "maxTotalKeypairs": quota("key_pairs").limit,
        "maxServerMeta": quota("metadata_items").limit,
        "maxImageMeta": quota("metadata_items").limit,
        "maxServerGroups": quota("server_groups").limit,
        "totalServerGroupsUsed": quota("server_groups").used,
        "maxServerGroupMembers": quota("server_group_members").limit,
        "maxPersonality": 0,
        "maxPersonalitySize": 0,
        "maxSecurityGroups": -1,
        "maxSecurityGroupRules": -1,
        "maxTotalFloatingIps": -1,
        "totalFloatingIpsUsed": 0,
        "totalSecurityGroupsUsed": 0,
    });
    Ok(Reply::ok(&json!({"limits": {"rate": [], "absolute": absolute}})))
}
