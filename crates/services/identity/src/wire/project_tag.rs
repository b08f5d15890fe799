//! Tags of projects.

use ferrostack_http::Schema;
use serde::Deserialize;

/// `PUT /v3/projects/{project_id}/tags`
pub(crate) static REPLACE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"tags": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^,/]+$"},
        "maxItems": 80,
        "uniqueItems": true
    }},
    "required": ["tags"],
    "additionalProperties": false
}"#,
);

/// The tags that a project is to have.
#[derive(Debug, Deserialize)]
pub(crate) struct Replace {
    pub(crate) tags: Vec<String>,
}
