//! Endpoints.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    RegionId, ServiceId,
    store::{Extra, endpoint::Endpoint},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/endpoints`
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"endpoint": {
        "type": "object",
        "properties": {
            "service_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "interface": {"enum": ["public", "internal", "admin"]},
            "url": {"type": "string", "minLength": 1, "maxLength": 2048, "pattern": "^[a-zA-Z0-9+.-]+:.+"},
            "region_id": {"type": ["string", "null"], "maxLength": 255},
            "region": {"type": ["string", "null"], "maxLength": 255},
            "enabled": {"type": "boolean"}
        },
        "required": ["service_id", "interface", "url"]
    }},
    "required": ["endpoint"]
}"#,
);

/// `PATCH /v3/endpoints/{endpoint_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"endpoint": {
        "type": "object",
        "properties": {
            "service_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "interface": {"enum": ["public", "internal", "admin"]},
            "url": {"type": "string", "minLength": 1, "maxLength": 2048, "pattern": "^[a-zA-Z0-9+.-]+:.+"},
            "region_id": {"type": ["string", "null"], "maxLength": 255},
            "region": {"type": ["string", "null"], "maxLength": 255},
            "enabled": {"type": "boolean"}
        },
        "minProperties": 1
    }},
    "required": ["endpoint"]
}"#,
);

/// The request to add an endpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) endpoint: NewEndpoint,
}

/// An endpoint to be added.
#[derive(Debug, Deserialize)]
pub(crate) struct NewEndpoint {
    pub(crate) service_id: ServiceId,
    pub(crate) interface: String,
    pub(crate) url: String,
    pub(crate) region_id: Option<RegionId>,
    /// The old name of `region_id`; such a region is made when it is missing.
    pub(crate) region: Option<RegionId>,
    pub(crate) enabled: Option<bool>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change an endpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) endpoint: EndpointChange,
}

/// What changes of an endpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct EndpointChange {
    pub(crate) service_id: Option<ServiceId>,
    pub(crate) interface: Option<String>,
    pub(crate) url: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) region_id: Option<Option<RegionId>>,
    pub(crate) region: Option<RegionId>,
    pub(crate) enabled: Option<bool>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// An endpoint as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    service_id: &'a str,
    interface: &'a str,
    url: &'a str,
    region_id: Option<&'a str>,
    region: Option<&'a str>,
    enabled: bool,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint, links: &Links) -> Self {
        let region = endpoint.region_id.as_ref().map(RegionId::as_str);
        Self {
            id: endpoint.id.as_str(),
            service_id: endpoint.service_id.as_str(),
            interface: &endpoint.interface,
            url: &endpoint.url,
            region_id: region,
            region,
            enabled: endpoint.enabled,
            links: links.of(&format!("endpoints/{}", endpoint.id)),
            extra: &endpoint.extra,
        }
    }
}
