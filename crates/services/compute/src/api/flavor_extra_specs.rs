//! What flavors ask of hosts.

use std::collections::BTreeMap;

use ferrostack_http::{
    Cx, Fault, Reply, Routes, Valid,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};
use serde_json::{Value, json};

use crate::{
    Compute, ComputeError,
    wire::flavor::{EXTRA_SPEC, EXTRA_SPECS, ExtraSpecs, texts},
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/flavors/{id}/os-extra_specs", list)
        .policy("os_compute_api:os-flavor-extra-specs:index")
        .post("/flavors/{id}/os-extra_specs", create)
        .schema(&EXTRA_SPECS)
        .policy("os_compute_api:os-flavor-extra-specs:create")
        .get("/flavors/{id}/os-extra_specs/{key}", show)
        .policy("os_compute_api:os-flavor-extra-specs:show")
        .put("/flavors/{id}/os-extra_specs/{key}", update)
        .schema(&EXTRA_SPEC)
        .policy("os_compute_api:os-flavor-extra-specs:update")
        .delete("/flavors/{id}/os-extra_specs/{key}", delete)
        .policy("os_compute_api:os-flavor-extra-specs:delete")
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    let flavor = compute.find_flavor(&cx, &id).await?;
    Ok(Reply::ok(&json!({"extra_specs": flavor.extra_specs})))
}

async fn show(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    let flavor = compute.find_flavor(&cx, &id).await?;
    let value = flavor.extra_specs.get(&key).ok_or_else(|| Fault::not_found("Extra spec", &key))?;
    Ok(Reply::ok(&json!({key: value})))
}

async fn create(
    State(compute): State<Compute>,
    Path(id): Path<String>,
    Valid(body): Valid<ExtraSpecs>,
) -> Result<Reply, Fault> {
    let added = body.items();
    compute
        .change_extra_specs(&id, |specs| {
            specs.extend(added.clone());
            Ok(())
        })
        .await?;
    Ok(Reply::ok(&json!({"extra_specs": added})))
}

async fn update(
    State(compute): State<Compute>,
    Path((id, key)): Path<(String, String)>,
    Valid(body): Valid<BTreeMap<String, Value>>,
) -> Result<Reply, Fault> {
    let added = texts(body);
    if !added.contains_key(&key) {
        return Err(Fault::bad_request(format!(
            "Invalid input: the address names {key:?}, the body another extra spec."
        )));
    }
    compute
        .change_extra_specs(&id, |specs| {
            specs.extend(added.clone());
            Ok(())
        })
        .await?;
    Ok(Reply::ok(&added))
}

async fn delete(State(compute): State<Compute>, Path((id, key)): Path<(String, String)>) -> Result<Reply, Fault> {
    compute
        .change_extra_specs(&id, |specs| {
            specs.remove(&key).map(drop).ok_or_else(|| ComputeError::not_found("Extra spec", &key))
        })
        .await?;
    Ok(Reply::empty(StatusCode::OK))
}
