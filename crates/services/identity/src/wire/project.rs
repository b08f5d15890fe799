//! Projects.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    DomainId, ProjectId,
    store::{Extra, project::Project},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/projects`
pub(crate) static CREATE: Schema = Schema::new(
    r##"{
    "type": "object",
    "properties": {"project": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\\S"},
            "domain_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
            "parent_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
            "is_domain": {"type": "boolean"},
            "description": {"type": ["string", "null"]},
            "enabled": {"type": "boolean"},
            "options": {"type": "object", "properties": {"immutable": {"type": ["boolean", "null"]}}, "additionalProperties": false},
            "tags": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^,/]+$"},
                "maxItems": 80,
                "uniqueItems": true
            }
        },
        "required": ["name"]
    }},
    "required": ["project"]
}"##,
);

/// `PATCH /v3/projects/{project_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r##"{
    "type": "object",
    "properties": {"project": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\\S"},
            "domain_id": {"type": ["string", "null"], "maxLength": 64},
            "parent_id": {"type": ["string", "null"], "maxLength": 64},
            "is_domain": {"type": "boolean"},
            "description": {"type": ["string", "null"]},
            "enabled": {"type": "boolean"},
            "options": {"type": "object", "properties": {"immutable": {"type": ["boolean", "null"]}}, "additionalProperties": false},
            "tags": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^,/]+$"},
                "maxItems": 80,
                "uniqueItems": true
            }
        },
        "minProperties": 1
    }},
    "required": ["project"]
}"##,
);

/// The request to make a project.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) project: NewProject,
}

/// A project to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewProject {
    pub(crate) name: String,
    pub(crate) domain_id: Option<DomainId>,
    /// A project, or a domain.
    pub(crate) parent_id: Option<String>,
    #[serde(default)]
    pub(crate) is_domain: bool,
    pub(crate) description: Option<String>,
    pub(crate) enabled: Option<bool>,
    #[serde(default)]
    pub(crate) options: Extra,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change a project.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) project: ProjectChange,
}

/// What changes of a project.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectChange {
    pub(crate) name: Option<String>,
    pub(crate) domain_id: Option<DomainId>,
    pub(crate) parent_id: Option<String>,
    pub(crate) is_domain: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) description: Option<Option<String>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) options: Option<Extra>,
    pub(crate) tags: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// A project as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    name: &'a str,
    domain_id: &'a str,
    description: &'a str,
    enabled: bool,
    parent_id: &'a str,
    is_domain: bool,
    tags: &'a [String],
    options: &'a Extra,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(project: &'a Project, links: &Links) -> Self {
        Self {
            id: project.id.as_str(),
            name: &project.name,
            domain_id: project.domain_id.as_str(),
            description: &project.description,
            enabled: project.enabled,
            // The domain is the root of all projects in it.
            parent_id: project.parent_id.as_ref().map_or(project.domain_id.as_str(), ProjectId::as_str),
            is_domain: false,
            tags: &project.tags,
            options: &project.options,
            links: links.of(&format!("projects/{}", project.id)),
            extra: &project.extra,
        }
    }
}
