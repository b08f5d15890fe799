//! Compute nodes and controllers.

use ferrostack_http::{Fault, Params, Reply, Routes, Valid, axum::extract::State};
use serde_json::json;

use crate::{
    Compute,
    wire::service::{ServiceView, UPDATE, Update},
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/os-services", list)
        .policy("os_compute_api:os-services:list")
        .put("/os-services/enable", enable)
        .schema(&UPDATE)
        .policy("os_compute_api:os-services:update")
        .put("/os-services/disable", disable)
        .schema(&UPDATE)
        .policy("os_compute_api:os-services:update")
        .put("/os-services/disable-log-reason", disable_with_reason)
        .schema(&UPDATE)
        .policy("os_compute_api:os-services:update")
}

async fn list(State(compute): State<Compute>, params: Params) -> Result<Reply, Fault> {
    let fits = |key: &str, value: &str| params.get(key).is_none_or(|wanted| wanted == value);
    let services = compute.services().await?;
    let found: Vec<_> = services
        .iter()
        .filter(|service| fits("host", &service.host) && fits("binary", service.binary))
        .map(ServiceView::from)
        .collect();
    Ok(Reply::ok(&json!({"services": found})))
}

async fn enable(State(compute): State<Compute>, Valid(body): Valid<Update>) -> Result<Reply, Fault> {
    check(&body)?;
    compute.set_disabled(&body.host, false, None).await?;
    Ok(Reply::ok(&json!({"service": {"host": body.host, "binary": body.binary, "status": "enabled"}})))
}

async fn disable(State(compute): State<Compute>, Valid(body): Valid<Update>) -> Result<Reply, Fault> {
    check(&body)?;
    compute.set_disabled(&body.host, true, None).await?;
    Ok(Reply::ok(&json!({"service": {"host": body.host, "binary": body.binary, "status": "disabled"}})))
}

async fn disable_with_reason(State(compute): State<Compute>, Valid(body): Valid<Update>) -> Result<Reply, Fault> {
    check(&body)?;
    let Some(reason) = &body.disabled_reason else {
        return Err(Fault::bad_request("Invalid input for field disabled_reason: it is missing."));
    };
    compute.set_disabled(&body.host, true, Some(reason)).await?;
    let service = json!({"host": body.host, "binary": body.binary, "status": "disabled", "disabled_reason": reason});
    Ok(Reply::ok(&json!({"service": service})))
}

/// Only compute nodes can be closed.
fn check(body: &Update) -> Result<(), Fault> {
    if body.binary == "nova-compute" {
        return Ok(());
    }
    Err(Fault::missing(format!("Service {} on host {} can't be enabled or disabled.", body.binary, body.host)))
}
