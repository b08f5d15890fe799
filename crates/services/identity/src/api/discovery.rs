//! Which versions there are.

use ferrostack_http::{
    Reply, Routes,
    axum::http::{StatusCode, header},
};
use serde_json::json;

use crate::{
    Identity,
    wire::{Links, discovery},
};

pub(super) fn routes() -> Routes<Identity> {
    let routes = Routes::new().get("/", versions).public();
    routes.get("/v3", version).public().get("/v3/", version).public()
}

/// Several choices, though there is one: so clients know it.
async fn versions(links: Links) -> Reply {
    let body = json!({"versions": {"values": [discovery::version(&links)]}});
    Reply::json(StatusCode::MULTIPLE_CHOICES, &body).header(header::LOCATION, &links.v3())
}

async fn version(links: Links) -> Reply {
    Reply::ok(&json!({"version": discovery::version(&links)}))
}
