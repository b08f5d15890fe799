//! Which versions there are.

use serde_json::{Value, json};

use crate::wire::Links;

/// The one version, as discovery describes it. 3.14 is the newest that Keystone names; it tells of application
/// credentials' neighbours only, clients ask for `v3`.
pub(crate) fn version(links: &Links) -> Value {
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": links.v3()}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    })
}
