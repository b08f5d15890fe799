//! Regions.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    RegionId,
    store::{Extra, region::Region},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/regions`, and `PUT /v3/regions/{region_id}`
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"region": {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "null"], "maxLength": 255},
            "description": {"type": ["string", "null"]},
            "parent_region_id": {"type": ["string", "null"], "maxLength": 255}
        }
    }},
    "required": ["region"]
}"#,
);

/// `PATCH /v3/regions/{region_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"region": {
        "type": "object",
        "properties": {
            "description": {"type": ["string", "null"]},
            "parent_region_id": {"type": ["string", "null"], "maxLength": 255}
        },
        "minProperties": 1
    }},
    "required": ["region"]
}"#,
);

/// The request to make a region.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) region: NewRegion,
}

/// A region to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewRegion {
    pub(crate) id: Option<RegionId>,
    pub(crate) description: Option<String>,
    pub(crate) parent_region_id: Option<RegionId>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change a region.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) region: RegionChange,
}

/// What changes of a region.
#[derive(Debug, Deserialize)]
pub(crate) struct RegionChange {
    #[serde(default, deserialize_with = "present")]
    pub(crate) description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) parent_region_id: Option<Option<RegionId>>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// A region as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    description: &'a str,
    parent_region_id: Option<&'a str>,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(region: &'a Region, links: &Links) -> Self {
        Self {
            id: region.id.as_str(),
            description: &region.description,
            parent_region_id: region.parent_region_id.as_ref().map(RegionId::as_str),
            links: links.of(&format!("regions/{}", region.id)),
            extra: &region.extra,
        }
    }
}
