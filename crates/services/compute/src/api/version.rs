//! Which versions there are.

use ferrostack_http::{Reply, Routes};
use serde_json::{Value, json};

use crate::{Compute, wire::links::Links};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new().get("/", show).public()
}

pub(super) fn root_routes() -> Routes<Compute> {
    Routes::new().get("/", list).public().get("/v2/", show_v2).public()
}

/// Clients look for `v2.0` first and take `v2.1` then, which is the one that is served.
fn version(links: &Links, id: &str) -> Value {
    let own = match id {
        "v2.0" => format!("{}/v2/", links.unversioned()),
        _ => format!("{}/", links.versioned()),
    };
    let newest = id == "v2.1";
    json!({
        "id": id,
        "status": if newest { "CURRENT" } else { "SUPPORTED" },
        "version": if newest { "2.1" } else { "" },
        "min_version": if newest { "2.1" } else { "" },
        "updated": if newest { "2013-07-23T11:33:21Z" } else { "2011-01-21T11:33:21Z" },
        "links": [{"rel": "self", "href": own}],
    })
}

async fn list(links: Links) -> Reply {
    Reply::ok(&json!({"versions": [version(&links, "v2.0"), version(&links, "v2.1")]}))
}

async fn show(links: Links) -> Reply {
    detail(&links, "v2.1")
}

async fn show_v2(links: Links) -> Reply {
    detail(&links, "v2.0")
}

fn detail(links: &Links, id: &str) -> Reply {
    let mut version = version(links, id);
    version["media-types"] =
        json!([{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}]);
    Reply::ok(&json!({"version": version}))
}
