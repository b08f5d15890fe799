//! Services of the catalog.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    store::{Extra, service::Service},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/services`
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"service": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "\\S"},
            "name": {"type": ["string", "null"], "maxLength": 255},
            "description": {"type": ["string", "null"]},
            "enabled": {"type": "boolean"}
        },
        "required": ["type"]
    }},
    "required": ["service"]
}"#,
);

/// `PATCH /v3/services/{service_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"service": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "\\S"},
            "name": {"type": ["string", "null"], "maxLength": 255},
            "description": {"type": ["string", "null"]},
            "enabled": {"type": "boolean"}
        },
        "minProperties": 1
    }},
    "required": ["service"]
}"#,
);

/// The request to add a service.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) service: NewService,
}

/// A service to be added.
#[derive(Debug, Deserialize)]
pub(crate) struct NewService {
    #[serde(rename = "type")]
    pub(crate) service_type: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) enabled: Option<bool>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change a service.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) service: ServiceChange,
}

/// What changes of a service.
#[derive(Debug, Deserialize)]
pub(crate) struct ServiceChange {
    #[serde(rename = "type")]
    pub(crate) service_type: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) description: Option<Option<String>>,
    pub(crate) enabled: Option<bool>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// A service as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    service_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    enabled: bool,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(service: &'a Service, links: &Links) -> Self {
        Self {
            id: service.id.as_str(),
            service_type: &service.service_type,
            name: service.name.as_deref(),
            description: service.description.as_deref(),
            enabled: service.enabled,
            links: links.of(&format!("services/{}", service.id)),
            extra: &service.extra,
        }
    }
}
