//! Flavors as clients see them, and what makes them.

use std::collections::BTreeMap;

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    links::{Link, Links},
    loose,
};
use crate::{app::flavor::NewFlavor, model::Flavor};

/// At microversion 2.1.
pub(crate) static CREATE: Schema = Schema::new(
    r##"{
    "type": "object", "required": ["flavor"], "additionalProperties": false,
    "properties": {"flavor": {
        "type": "object", "required": ["name", "ram", "vcpus", "disk"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^(?!\\s)[^\\u0000-\\u001f\\u007f]*(?<!\\s)$"},
            "id": {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^(?! )[a-zA-Z0-9. _-]+(?<! )$"},
                {"type": "integer"}, {"type": "null"}]},
            "ram": {"$ref": "#/$defs/positive"},
            "vcpus": {"$ref": "#/$defs/positive"},
            "disk": {"$ref": "#/$defs/natural"},
            "OS-FLV-EXT-DATA:ephemeral": {"$ref": "#/$defs/natural"},
            "swap": {"$ref": "#/$defs/natural"},
            "rxtx_factor": {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 3.40282e+38},
                {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"}]},
            "os-flavor-access:is_public": {"type": ["boolean", "string"]}
        }
    }},
    "$defs": {
        "positive": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2147483647}, {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"}]},
        "natural": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 2147483647}, {"type": "string", "pattern": "^[0-9]{1,9}$"}]}
    }
}"##,
);

/// Extra specs to add.
pub(crate) static EXTRA_SPECS: Schema = Schema::new(
    r#"{
    "type": "object", "required": ["extra_specs"], "additionalProperties": false,
    "properties": {"extra_specs": {"type": "object", "additionalProperties": false,
        "patternProperties": {"^[a-zA-Z0-9_:. -]{1,255}$": {"anyOf": [{"type": "string", "maxLength": 255}, {"type": "number"}]}}}}
}"#,
);

/// One extra spec.
pub(crate) static EXTRA_SPEC: Schema = Schema::new(
    r#"{
    "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
    "patternProperties": {"^[a-zA-Z0-9_:. -]{1,255}$": {"anyOf": [{"type": "string", "maxLength": 255}, {"type": "number"}]}}
}"#,
);

/// Who may use a flavor.
pub(crate) static ACTION: Schema = Schema::new(
    r##"{
    "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
    "properties": {"addTenantAccess": {"$ref": "#/$defs/project"}, "removeTenantAccess": {"$ref": "#/$defs/project"}},
    "$defs": {"project": {"type": "object", "required": ["tenant"], "additionalProperties": false,
        "properties": {"tenant": {"type": "string", "minLength": 1, "maxLength": 255}}}}
}"##,
);

/// The body of `POST /flavors`.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    flavor: Fields,
}

#[derive(Debug, Deserialize)]
struct Fields {
    name: String,
    #[serde(default)]
    id: Value,
    #[serde(deserialize_with = "loose::integer")]
    ram: Option<i64>,
    #[serde(deserialize_with = "loose::integer")]
    vcpus: Option<i64>,
    #[serde(deserialize_with = "loose::integer")]
    disk: Option<i64>,
    #[serde(rename = "OS-FLV-EXT-DATA:ephemeral", default, deserialize_with = "loose::integer")]
    ephemeral: Option<i64>,
    #[serde(default, deserialize_with = "loose::integer")]
    swap: Option<i64>,
    #[serde(default)]
    rxtx_factor: Value,
    #[serde(rename = "os-flavor-access:is_public", default, deserialize_with = "loose::boolean")]
    is_public: Option<bool>,
}

impl From<Create> for NewFlavor {
    fn from(Create { flavor }: Create) -> Self {
        let id = match flavor.id {
            Value::String(id) => Some(id).filter(|id| id != "auto"),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        };
        let factor = flavor.rxtx_factor.as_f64().or_else(|| flavor.rxtx_factor.as_str()?.parse().ok());
        Self {
            id,
            name: flavor.name,
            vcpus: flavor.vcpus.unwrap_or(0),
            memory_mb: flavor.ram.unwrap_or(0),
            disk_gb: flavor.disk.unwrap_or(0),
            ephemeral_gb: flavor.ephemeral.unwrap_or(0),
            swap_mb: flavor.swap.unwrap_or(0),
            rxtx_factor: factor.unwrap_or(1.0),
            is_public: flavor.is_public.unwrap_or(true),
        }
    }
}

/// Extra specs to add, and all of them.
#[derive(Debug, Deserialize)]
pub(crate) struct ExtraSpecs {
    extra_specs: BTreeMap<String, Value>,
}

impl ExtraSpecs {
    pub(crate) fn items(self) -> BTreeMap<String, String> {
        texts(self.extra_specs)
    }
}

/// Numbers are stored as the texts that they were sent as.
pub(crate) fn texts(items: BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    items.into_iter().map(|(key, value)| (key, text(value))).collect()
}

/// The body of `POST /flavors/{id}/action`.
#[derive(Debug, Deserialize)]
pub(crate) enum Action {
    #[serde(rename = "addTenantAccess")]
    Add(Project),
    #[serde(rename = "removeTenantAccess")]
    Remove(Project),
}

/// A project.
#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    pub tenant: String,
}

/// An element of the short list.
#[derive(Debug, Serialize)]
pub(crate) struct Short<'a> {
    id: &'a str,
    name: &'a str,
    links: [Link; 2],
}

impl<'a> Short<'a> {
    pub(crate) fn new(flavor: &'a Flavor, links: &Links) -> Self {
        Self { id: &flavor.id, name: &flavor.name, links: links.to("flavors", &flavor.id) }
    }
}

/// A flavor.
#[derive(Debug, Serialize)]
pub(crate) struct Detail<'a> {
    #[serde(flatten)]
    short: Short<'a>,
    ram: i64,
    disk: i64,
    /// The empty text for none.
    swap: Value,
    #[serde(rename = "OS-FLV-EXT-DATA:ephemeral")]
    ephemeral: i64,
    #[serde(rename = "OS-FLV-DISABLED:disabled")]
    disabled: bool,
    vcpus: i64,
    #[serde(rename = "os-flavor-access:is_public")]
    is_public: bool,
    rxtx_factor: f64,
}

impl<'a> Detail<'a> {
    pub(crate) fn new(flavor: &'a Flavor, links: &Links) -> Self {
        Self {
            short: Short::new(flavor, links),
            ram: flavor.memory_mb,
            disk: flavor.disk_gb,
            swap: if flavor.swap_mb == 0 { Value::from("") } else { Value::from(flavor.swap_mb) },
            ephemeral: flavor.ephemeral_gb,
            disabled: false,
            vcpus: flavor.vcpus,
            is_public: flavor.is_public,
            rxtx_factor: flavor.rxtx_factor,
        }
    }
}

/// Who may use a flavor.
#[derive(Debug, Serialize)]
pub(crate) struct Access<'a> {
    pub flavor_id: &'a str,
    pub tenant_id: &'a str,
}
