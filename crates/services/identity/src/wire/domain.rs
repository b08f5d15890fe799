//! Domains.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    DomainId,
    store::{Extra, domain::Domain},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/domains`
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"domain": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\\S"},
            "explicit_domain_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "description": {"type": ["string", "null"]},
            "enabled": {"type": "boolean"},
            "options": {"type": "object", "properties": {"immutable": {"type": ["boolean", "null"]}}, "additionalProperties": false}
        },
        "required": ["name"]
    }},
    "required": ["domain"]
}"#,
);

/// `PATCH /v3/domains/{domain_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"domain": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\\S"},
            "description": {"type": ["string", "null"]},
            "enabled": {"type": "boolean"},
            "options": {"type": "object", "properties": {"immutable": {"type": ["boolean", "null"]}}, "additionalProperties": false}
        },
        "minProperties": 1
    }},
    "required": ["domain"]
}"#,
);

/// The request to make a domain.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) domain: NewDomain,
}

/// A domain to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewDomain {
    pub(crate) name: String,
    /// For a cloud that shall have the same domains as another one.
    pub(crate) explicit_domain_id: Option<DomainId>,
    pub(crate) description: Option<String>,
    pub(crate) enabled: Option<bool>,
    #[serde(default)]
    pub(crate) options: Extra,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change a domain.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) domain: DomainChange,
}

/// What changes of a domain.
#[derive(Debug, Deserialize)]
pub(crate) struct DomainChange {
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) description: Option<Option<String>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) options: Option<Extra>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// A domain as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    enabled: bool,
    /// Domains have no tags of their own here; clients expect the field.
    tags: [&'a str; 0],
    options: &'a Extra,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(domain: &'a Domain, links: &Links) -> Self {
        Self {
            id: domain.id.as_str(),
            name: &domain.name,
            description: &domain.description,
            enabled: domain.enabled,
            tags: [],
            options: &domain.options,
            links: links.of(&format!("domains/{}", domain.id)),
            extra: &domain.extra,
        }
    }
}
