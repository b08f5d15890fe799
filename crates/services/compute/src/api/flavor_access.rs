//! Which projects may use a flavor that is not public.

use ferrostack_http::{
    Cx, Fault, Reply, Routes, Valid,
    axum::extract::{Path, State},
};
use serde_json::json;

use crate::{
    Compute, store,
    wire::flavor::{ACTION, Access, Action},
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/flavors/{id}/os-flavor-access", list)
        .policy("os_compute_api:os-flavor-access")
        // Each of the two actions has a policy of its own, which the handler asks.
        .post("/flavors/{id}/action", act)
        .schema(&ACTION)
}

fn reply(flavor: &str, projects: &[String]) -> Reply {
    let all: Vec<_> = projects.iter().map(|project| Access { flavor_id: flavor, tenant_id: project }).collect();
    Reply::ok(&json!({"flavor_access": all}))
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    let flavor = compute.find_flavor(&cx, &id).await?;
    if flavor.is_public {
        return Err(Fault::missing(format!("Flavor {id} is public: all projects may use it.")));
    }
    Ok(reply(&id, &store::flavor::list_access(compute.db(), &id).await?))
}

async fn act(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path(id): Path<String>,
    Valid(action): Valid<Action>,
) -> Result<Reply, Fault> {
    let own = [("project_id", cx.project_id())];
    cx.allow(
        match action {
            Action::Add(_) => "os_compute_api:os-flavor-access:add_tenant_access",
            Action::Remove(_) => "os_compute_api:os-flavor-access:remove_tenant_access",
        },
        &own,
    )?;
    let flavor = compute.find_flavor(&cx, &id).await?;
    let projects = match action {
        Action::Add(_) if flavor.is_public => {
            return Err(Fault::conflict(format!("Flavor {id} is public: all projects may use it.")));
        }
        Action::Add(project) => compute.add_flavor_access(&id, &project.tenant).await?,
        Action::Remove(project) => compute.remove_flavor_access(&id, &project.tenant).await?,
    };
    Ok(reply(&id, &projects))
}
