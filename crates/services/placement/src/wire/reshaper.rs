//! What the reshaper is told.

use std::collections::BTreeMap;

use ferrostack_http::Schema;
use serde::Deserialize;
use uuid::Uuid;

use super::{allocation, inventory};

macro_rules! reshape {
    ($consumer:expr) => {
        concat!(
            r#"{"type": "object", "additionalProperties": false, "required": ["inventories", "allocations"], "properties": {
                "inventories": {"type": "object", "minProperties": 1, "additionalProperties": false,
                    "patternProperties": {"^[0-9a-fA-F-]{36}$": "#,
            inventory::all!(),
            r#"}}, "allocations": "#,
            allocation::many!(0, $consumer),
            "}}"
        )
    };
}

pub(crate) static POST_30: Schema = Schema::new(reshape!(allocation::consumer_28!()));
pub(crate) static POST_34: Schema = Schema::new(reshape!(allocation::consumer_34!()));
pub(crate) static POST_38: Schema = Schema::new(reshape!(allocation::consumer_38!()));

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    pub(crate) inventories: BTreeMap<Uuid, inventory::All>,
    pub(crate) allocations: allocation::Bodies,
}
