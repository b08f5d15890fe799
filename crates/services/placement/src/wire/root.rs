//! The version document.

use serde_json::{Value, json};

use crate::VERSIONS;

/// What `/` says. The link is relative on purpose: it is wherever the client found it.
pub(crate) fn document() -> Value {
    json!({"versions": [{
        "id": format!("v{}", VERSIONS.min),
        "min_version": VERSIONS.min.to_string(),
        "max_version": VERSIONS.max.to_string(),
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }]})
}
