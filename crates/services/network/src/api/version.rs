//! Discovery: the list of versions, and the resources of the only one.

use ferrostack_http::{Reply, Routes};
use serde_json::json;

use super::reply::Base;
use crate::Network;

/// The collections of the API with the name of one of their elements.
const RESOURCES: [(&str, &str); 8] = [
    ("network", "networks"),
    ("subnet", "subnets"),
    ("port", "ports"),
    ("router", "routers"),
    ("floatingip", "floatingips"),
    ("security_group", "security-groups"),
    ("security_group_rule", "security-group-rules"),
    ("quota", "quotas"),
];

pub(super) fn root_routes() -> Routes<Network> {
    Routes::new().get("/", versions).public()
}

pub(super) fn routes() -> Routes<Network> {
    Routes::new().get("/", resources)
}

async fn versions(base: Base) -> Reply {
    Reply::ok(&json!({"versions": [
        {"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": base.url("/v2.0/")}]}
    ]}))
}

async fn resources(base: Base) -> Reply {
    let resources = RESOURCES.iter().map(|(name, collection)| {
        let links = json!([{"rel": "self", "href": base.url(&format!("/v2.0/{collection}"))}]);
        json!({"name": name, "collection": collection.replace('-', "_"), "links": links})
    });
    Reply::ok(&json!({"resources": resources.collect::<Vec<_>>()}))
}
