//! Roles.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    DomainId,
    store::{Extra, role::Role},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/roles`
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"role": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "\\S"},
            "domain_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
            "description": {"type": ["string", "null"]},
            "options": {"type": "object", "properties": {"immutable": {"type": ["boolean", "null"]}}, "additionalProperties": false}
        },
        "required": ["name"]
    }},
    "required": ["role"]
}"#,
);

/// `PATCH /v3/roles/{role_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"role": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "\\S"},
            "domain_id": {"type": ["string", "null"], "maxLength": 64},
            "description": {"type": ["string", "null"]},
            "options": {"type": "object", "properties": {"immutable": {"type": ["boolean", "null"]}}, "additionalProperties": false}
        },
        "minProperties": 1
    }},
    "required": ["role"]
}"#,
);

/// The request to make a role.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) role: NewRole,
}

/// A role to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewRole {
    pub(crate) name: String,
    pub(crate) domain_id: Option<DomainId>,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) options: Extra,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change a role.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) role: RoleChange,
}

/// What changes of a role.
#[derive(Debug, Deserialize)]
pub(crate) struct RoleChange {
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) domain_id: Option<Option<DomainId>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) description: Option<Option<String>>,
    pub(crate) options: Option<Extra>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// A role as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    name: &'a str,
    domain_id: Option<&'a str>,
    description: Option<&'a str>,
    options: &'a Extra,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(role: &'a Role, links: &Links) -> Self {
        Self {
            id: role.id.as_str(),
            name: &role.name,
            domain_id: role.domain_id.as_ref().map(DomainId::as_str),
            description: role.description.as_deref(),
            options: &role.options,
            links: links.of(&format!("roles/{}", role.id)),
            extra: &role.extra,
        }
    }
}
