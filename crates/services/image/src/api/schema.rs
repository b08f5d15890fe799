//! Schemas, and what the cloud offers beyond the usual.

use ferrostack_http::{
    Fault, Reply, Routes,
    axum::extract::{Path, State},
};
use serde_json::json;

use crate::{Image, wire};

pub(super) fn routes() -> Routes<Image> {
    Routes::new().get("/v2/schemas/{name}", show).get("/v2/info/import", import)
}

async fn show(State(_): State<Image>, Path(name): Path<String>) -> Result<Reply, Fault> {
    wire::schema::get(&name).map(Reply::ok).ok_or_else(|| Fault::not_found("Schema", name))
}

/// No way of import is offered yet, and clients that ask learn so.
async fn import(State(_): State<Image>) -> Reply {
    Reply::ok(
        &json!({"import-methods": {"description": "The ways of import that can be used.", "type": "array", "value": []}}),
    )
}
