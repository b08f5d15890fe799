//! Resource classes as clients see them.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

/// A new class, and the new name of one before 1.7.
pub(crate) static NAME: Schema = Schema::new(
    r#"{"type": "object", "properties": {"name": {"type": "string", "pattern": "^CUSTOM_[A-Z0-9_]+$", "maxLength": 255}},
        "required": ["name"], "additionalProperties": false}"#,
);

/// A request's body.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    pub(crate) name: String,
}

/// A class in an answer.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    name: &'a str,
    links: [Link; 1],
}

#[derive(Debug, Serialize)]
struct Link {
    rel: &'static str,
    href: String,
}

impl<'a> View<'a> {
    pub(crate) fn of(name: &'a str, base: &str) -> Self {
        Self { name, links: [Link { rel: "self", href: format!("{base}/resource_classes/{name}") }] }
    }
}

/// All classes.
#[derive(Debug, Serialize)]
pub(crate) struct List<'a> {
    pub(crate) resource_classes: Vec<View<'a>>,
}
