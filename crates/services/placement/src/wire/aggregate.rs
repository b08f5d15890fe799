//! A provider's aggregates as clients see them.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Before 1.19: just the list.
pub(crate) static UPDATE: Schema =
    Schema::new(r#"{"type": "array", "uniqueItems": true, "items": {"type": "string", "format": "uuid"}}"#);

/// Since 1.19: with the provider's generation.
pub(crate) static UPDATE_19: Schema = Schema::new(
    r#"{"type": "object", "properties": {
        "aggregates": {"type": "array", "uniqueItems": true, "items": {"type": "string", "format": "uuid"}},
        "resource_provider_generation": {"type": "integer"}
    }, "required": ["aggregates", "resource_provider_generation"], "additionalProperties": false}"#,
);

/// Either form.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Body {
    /// Before 1.19.
    List(Vec<Uuid>),
    /// Since 1.19.
    Object {
        /// The new aggregates.
        aggregates: Vec<Uuid>,
        /// What the caller knows.
        resource_provider_generation: i64,
    },
}

impl Body {
    /// The aggregates and the generation, if the client named one.
    pub(crate) fn into_parts(self) -> (Vec<Uuid>, Option<i64>) {
        match self {
            Self::List(aggregates) => (aggregates, None),
            Self::Object { aggregates, resource_provider_generation } => {
                (aggregates, Some(resource_provider_generation))
            }
        }
    }
}

/// In an answer.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    pub(crate) aggregates: &'a [Uuid],
    /// Since 1.19.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_provider_generation: Option<i64>,
}
