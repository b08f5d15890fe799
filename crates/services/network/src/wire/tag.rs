//! Tags.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

/// Replacing and adding tags.
pub(crate) static TAGS: Schema = Schema::new(
    r#"{"type": "object", "required": ["tags"], "additionalProperties": false, "properties": {
        "tags": {"type": "array", "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 255}}}}"#,
);

/// `{"tags": [...]}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tags {
    /// The tags.
    pub tags: Vec<String>,
}
