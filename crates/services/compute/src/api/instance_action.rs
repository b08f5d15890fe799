//! What was done with a server: its operations, as far as the archive reaches.

use ferrostack_auth::Ctx;
use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::extract::{Path, State},
};
use ferrostack_saga::store::{Past, of_resource, steps};
use serde_json::{Value, json};

use crate::{Compute, ServerId, model::Server};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/servers/{id}/os-instance-actions", list)
        .policy("os_compute_api:os-instance-actions:list")
        .get("/servers/{id}/os-instance-actions/{request}", show)
        .policy("os_compute_api:os-instance-actions:show")
}

/// The API's name of the action: `create` of `create_server`.
fn action(kind: &str) -> &str {
    kind.split('_').next().unwrap_or(kind)
}

fn view(server: &Server, operation: &Past) -> Value {
    let failed = matches!(operation.outcome.as_str(), "failed" | "stuck" | "unwinding");
    json!({
        "action": action(&operation.kind),
        "instance_uuid": server.id,
        "request_id": operation.request_id,
        "user_id": server.user_id,
        "project_id": server.project_id,
        "start_time": operation.created.to_iso_naive(),
        "message": failed.then_some("Error"),
    })
}

async fn operations(cx: &Ctx, compute: &Compute, id: ServerId, action: &str) -> Result<(Server, Vec<Past>), Fault> {
    let server = compute.find_server(cx, id, action).await?;
    let mut all = of_resource(compute.db(), &Server::resource(id).to_string()).await?;
    all.reverse();
    Ok((server, all))
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    let id = id.parse().map_err(|_| Fault::not_found("Server", &id))?;
    let (server, all) = operations(&cx, &compute, id, "os_compute_api:os-instance-actions:list").await?;
    let actions: Vec<_> = all.iter().map(|operation| view(&server, operation)).collect();
    Ok(Reply::ok(&json!({"instanceActions": actions})))
}

async fn show(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path((id, request)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    let id = id.parse().map_err(|_| Fault::not_found("Server", &id))?;
    let (server, all) = operations(&cx, &compute, id, "os_compute_api:os-instance-actions:show").await?;
    let found = all.iter().find(|operation| operation.request_id == request);
    let operation = found
        .ok_or_else(|| Fault::missing(format!("Action for request {request} of server {id} could not be found.")))?;
    let mut shown = view(&server, operation);
    let target = [("project_id", server.project_id.as_str())];
    if cx.allow("os_compute_api:os-instance-actions:events", &target).is_ok() {
        let records = steps(compute.db(), operation.id).await?;
        let event = |name: &str, ok: bool, output: &str| json!({"event": name, "result": if ok { "Success" } else { "Error" }, "traceback": (!ok).then_some(output)});
        shown["events"] = records
            .iter()
            .map(|record| {
                let mut event = event(&record.name, record.ok, &record.output);
                event["start_time"] = json!(record.started.to_iso_naive());
                event["finish_time"] = json!(record.ended.to_iso_naive());
                event
            })
            .collect();
    }
    Ok(Reply::ok(&json!({"instanceAction": shown})))
}
