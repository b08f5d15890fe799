//! Groups.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    DomainId,
    store::{Extra, group::Group},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/groups`
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"group": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\\S"},
            "domain_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
            "description": {"type": ["string", "null"]}
        },
        "required": ["name"]
    }},
    "required": ["group"]
}"#,
);

/// `PATCH /v3/groups/{group_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"group": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\\S"},
            "domain_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "description": {"type": ["string", "null"]}
        },
        "minProperties": 1
    }},
    "required": ["group"]
}"#,
);

/// The request to make a group.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) group: NewGroup,
}

/// A group to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewGroup {
    pub(crate) name: String,
    pub(crate) domain_id: Option<DomainId>,
    pub(crate) description: Option<String>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change a group.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) group: GroupChange,
}

/// What changes of a group.
#[derive(Debug, Deserialize)]
pub(crate) struct GroupChange {
    pub(crate) name: Option<String>,
    pub(crate) domain_id: Option<DomainId>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) description: Option<Option<String>>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// A group as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    name: &'a str,
    domain_id: &'a str,
    description: &'a str,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(group: &'a Group, links: &Links) -> Self {
        Self {
            id: group.id.as_str(),
            name: &group.name,
            domain_id: group.domain_id.as_str(),
            description: &group.description,
            links: links.of(&format!("groups/{}", group.id)),
            extra: &group.extra,
        }
    }
}
