//! Inventories as clients see them.

use std::collections::BTreeMap;

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    app::inventory::Offers,
    store::inventory::Offer,
    view::{Index, Provider},
};

/// The largest amount that the API knows.
const MAX: i64 = 2_147_483_647;

/// The properties of an inventory, as part of other schemas.
macro_rules! properties {
    () => {
        r#""total": {"type": "integer", "minimum": 1, "maximum": 2147483647},
           "reserved": {"type": "integer", "minimum": 0, "maximum": 2147483647},
           "min_unit": {"type": "integer", "minimum": 1, "maximum": 2147483647},
           "max_unit": {"type": "integer", "minimum": 1, "maximum": 2147483647},
           "step_size": {"type": "integer", "minimum": 1, "maximum": 2147483647},
           "allocation_ratio": {"type": "number", "maximum": 3.40282e+38},
           "resource_provider_generation": {"type": "integer"}"#
    };
}

/// All inventories of a provider, as part of other schemas.
macro_rules! all {
    () => {
        concat!(
            r#"{"type": "object", "properties": {
                "resource_provider_generation": {"type": "integer"},
                "inventories": {"type": "object", "additionalProperties": false, "patternProperties": {"^[A-Z0-9_]{1,255}$":
                    {"type": "object", "properties": {"#,
            crate::wire::inventory::properties!(),
            r#"}, "required": ["total"], "additionalProperties": false}}}
            }, "required": ["resource_provider_generation", "inventories"], "additionalProperties": false}"#
        )
    };
}

pub(crate) use {all, properties};

/// `POST .../inventories`.
pub(crate) static CREATE: Schema = Schema::new(concat!(
    r#"{"type": "object", "properties": {"resource_class": {"type": "string", "pattern": "^[A-Z0-9_]+$", "maxLength": 255},"#,
    properties!(),
    r#"}, "required": ["resource_class", "total"], "additionalProperties": false}"#
));

/// `PUT .../inventories/{resource_class}`.
pub(crate) static UPDATE: Schema = Schema::new(concat!(
    r#"{"type": "object", "properties": {"#,
    properties!(),
    r#"}, "required": ["resource_provider_generation", "total"], "additionalProperties": false}"#
));

/// `PUT .../inventories`.
pub(crate) static UPDATE_ALL: Schema = Schema::new(all!());

/// An inventory in a request.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    #[serde(default)]
    pub(crate) resource_class: String,
    #[serde(default)]
    pub(crate) resource_provider_generation: i64,
    total: i64,
    #[serde(default)]
    reserved: i64,
    #[serde(default = "one")]
    min_unit: i64,
    #[serde(default = "max")]
    max_unit: i64,
    #[serde(default = "one")]
    step_size: i64,
    #[serde(default = "unchanged")]
    allocation_ratio: f64,
}

fn one() -> i64 {
    1
}

fn max() -> i64 {
    MAX
}

fn unchanged() -> f64 {
    1.0
}

impl Body {
    pub(crate) fn offer(&self) -> Offer {
        Offer {
            total: self.total,
            reserved: self.reserved,
            min_unit: self.min_unit,
            max_unit: self.max_unit,
            step_size: self.step_size,
            allocation_ratio: self.allocation_ratio,
        }
    }
}

/// All inventories of a provider in a request.
#[derive(Debug, Deserialize)]
pub(crate) struct All {
    pub(crate) resource_provider_generation: i64,
    inventories: BTreeMap<String, Body>,
}

impl All {
    pub(crate) fn offers(&self) -> Offers {
        self.inventories.iter().map(|(class, body)| (class.clone(), body.offer())).collect()
    }
}

/// An inventory in an answer.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_provider_generation: Option<i64>,
    total: &'a i64,
    reserved: &'a i64,
    min_unit: &'a i64,
    max_unit: &'a i64,
    step_size: &'a i64,
    allocation_ratio: &'a f64,
}

impl<'a> View<'a> {
    /// One of a list.
    fn listed(offer: &'a Offer) -> Self {
        let Offer { total, reserved, min_unit, max_unit, step_size, allocation_ratio } = offer;
        Self { resource_provider_generation: None, total, reserved, min_unit, max_unit, step_size, allocation_ratio }
    }

    /// By itself.
    pub(crate) fn of(offer: &'a Offer, generation: i64) -> Self {
        Self { resource_provider_generation: Some(generation), ..Self::listed(offer) }
    }
}

/// All inventories of a provider in an answer.
#[derive(Debug, Serialize)]
pub(crate) struct AllView<'a> {
    resource_provider_generation: i64,
    inventories: BTreeMap<&'a str, View<'a>>,
}

impl<'a> AllView<'a> {
    pub(crate) fn of(index: &'a Index, provider: &'a Provider) -> Self {
        let name = |class| index.names().classes.name(class);
        Self {
            resource_provider_generation: provider.generation,
            inventories: provider.stocks.iter().map(|stock| (name(stock.class), View::listed(&stock.offer))).collect(),
        }
    }

    pub(crate) fn of_offers(offers: &'a Offers, generation: i64) -> Self {
        let inventories = offers.iter().map(|(class, offer)| (class.as_str(), View::listed(offer))).collect();
        Self { resource_provider_generation: generation, inventories }
    }
}
