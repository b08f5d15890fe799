//! What the metadata of servers takes.

use std::collections::BTreeMap;

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

/// All items, or some.
pub(crate) static METADATA: Schema = Schema::new(
    r#"{
    "type": "object", "required": ["metadata"], "additionalProperties": false,
    "properties": {"metadata": {"type": "object", "additionalProperties": false,
        "patternProperties": {"^[a-zA-Z0-9_:. -]{1,255}$": {"type": "string", "maxLength": 255}}}}
}"#,
);

/// One item.
pub(crate) static META: Schema = Schema::new(
    r#"{
    "type": "object", "required": ["meta"], "additionalProperties": false,
    "properties": {"meta": {"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
        "patternProperties": {"^[a-zA-Z0-9_:. -]{1,255}$": {"type": "string", "maxLength": 255}}}}
}"#,
);

/// All items, or some.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub metadata: BTreeMap<String, String>,
}

/// One item.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub meta: BTreeMap<String, String>,
}
