//! Allocations as clients see them.

use std::collections::BTreeMap;

use ferrostack_auth::Microversion;
use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::v;
use crate::{
    PlacementOptions,
    app::{
        allocation::{Belief, Claim},
        usage::UNKNOWN,
    },
    store::{
        allocation::{Given, Held},
        consumer::ConsumerRow,
    },
};

macro_rules! amounts {
    () => {
        r#"{"type": "object", "minProperties": 1, "additionalProperties": false,
            "patternProperties": {"^[A-Z0-9_]+$": {"type": "integer", "minimum": 1, "maximum": 2147483647}}}"#
    };
}

macro_rules! owner {
    () => {
        r#""project_id": {"type": "string", "minLength": 1, "maxLength": 255}, "user_id": {"type": "string", "minLength": 1, "maxLength": 255}"#
    };
}

/// A list of allocations, before 1.12: `listed!("properties", "required names")`.
macro_rules! listed {
    ($more:expr, $required:literal) => {
        concat!(
            r#"{"type": "object", "additionalProperties": false, "required": ["allocations""#, $required, r#"], "properties": {"#, $more,
            r#""allocations": {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": false,
                "required": ["resource_provider", "resources"], "properties": {
                "resource_provider": {"type": "object", "additionalProperties": false, "required": ["uuid"], "properties":
                    {"uuid": {"type": "string", "format": "uuid"}}},
                "resources": "#, amounts!(), "}}}}}"
        )
    };
}

/// Allocations by provider, since 1.12: `by_provider!(least, "properties", "required names")`.
macro_rules! by_provider {
    ($least:literal, $more:expr, $required:literal) => {
        concat!(
            r#"{"type": "object", "additionalProperties": false, "required": ["allocations", "project_id", "user_id""#, $required,
            r#"], "properties": {"#, crate::wire::allocation::owner!(), $more,
            r#", "allocations": {"type": "object", "minProperties": "#, $least, r#", "additionalProperties": false, "patternProperties":
                {"^[0-9a-fA-F-]{36}$": {"type": "object", "additionalProperties": false, "required": ["resources"], "properties":
                    {"generation": {"type": "integer"}, "resources": "#, crate::wire::allocation::amounts!(), "}}}}}}"
        )
    };
}

macro_rules! generation {
    () => {
        r#", "consumer_generation": {"type": ["integer", "null"]}"#
    };
}

macro_rules! mappings {
    () => {
        r#", "mappings": {"type": "object", "minProperties": 1, "patternProperties": {"^[a-zA-Z0-9_-]{1,64}$":
            {"type": "array", "minItems": 1, "items": {"type": "string", "format": "uuid"}}}}"#
    };
}

macro_rules! consumer_type {
    () => {
        r#", "consumer_type": {"type": "string", "pattern": "^[A-Z0-9_]+$", "minLength": 1, "maxLength": 255}"#
    };
}

/// One consumer since 1.28.
macro_rules! consumer_28 {
    () => {
        crate::wire::allocation::by_provider!(0, crate::wire::allocation::generation!(), r#", "consumer_generation""#)
    };
}

/// One consumer since 1.34.
macro_rules! consumer_34 {
    () => {
        crate::wire::allocation::by_provider!(
            0,
            concat!(crate::wire::allocation::generation!(), crate::wire::allocation::mappings!()),
            r#", "consumer_generation""#
        )
    };
}

/// One consumer since 1.38.
macro_rules! consumer_38 {
    () => {
        crate::wire::allocation::by_provider!(
            0,
            concat!(
                crate::wire::allocation::generation!(),
                crate::wire::allocation::mappings!(),
                crate::wire::allocation::consumer_type!()
            ),
            r#", "consumer_generation", "consumer_type""#
        )
    };
}

/// Several consumers.
macro_rules! many {
    ($least:literal, $one:expr) => {
        concat!(
            r#"{"type": "object", "minProperties": "#,
            $least,
            r#", "additionalProperties": false, "patternProperties": {"^[0-9a-fA-F-]{36}$": "#,
            $one,
            "}}"
        )
    };
}

pub(crate) use {
    amounts, by_provider, consumer_28, consumer_34, consumer_38, consumer_type, generation, many, mappings, owner,
};

/// `PUT /allocations/{consumer}` by version.
pub(crate) static PUT: Schema = Schema::new(listed!("", ""));
pub(crate) static PUT_8: Schema = Schema::new(listed!(concat!(owner!(), ","), r#", "project_id", "user_id""#));
pub(crate) static PUT_12: Schema = Schema::new(by_provider!(1, "", ""));
pub(crate) static PUT_28: Schema = Schema::new(consumer_28!());
pub(crate) static PUT_34: Schema = Schema::new(consumer_34!());
pub(crate) static PUT_38: Schema = Schema::new(consumer_38!());

/// `POST /allocations` by version.
pub(crate) static POST_13: Schema = Schema::new(many!(1, by_provider!(0, "", "")));
pub(crate) static POST_28: Schema = Schema::new(many!(1, consumer_28!()));
pub(crate) static POST_34: Schema = Schema::new(many!(1, consumer_34!()));
pub(crate) static POST_38: Schema = Schema::new(many!(1, consumer_38!()));

/// What one consumer is to have.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    allocations: Allocations,
    #[serde(default)]
    project_id: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    consumer_generation: Option<i64>,
    #[serde(default)]
    consumer_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Allocations {
    /// Since 1.12.
    ByProvider(BTreeMap<Uuid, Amounts>),
    /// Before.
    Listed(Vec<Entry>),
}

#[derive(Debug, Deserialize)]
struct Amounts {
    resources: BTreeMap<String, i64>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    resource_provider: Reference,
    resources: BTreeMap<String, i64>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    uuid: Uuid,
}

impl Body {
    /// Reads it as of that version. Consumers without owner get the one for incomplete ones.
    pub(crate) fn into_claim(self, consumer: Uuid, version: Microversion, options: &PlacementOptions) -> Claim {
        let allocations = match self.allocations {
            Allocations::ByProvider(all) => {
                all.into_iter().map(|(provider, amounts)| (provider, amounts.resources)).collect()
            }
            Allocations::Listed(all) => {
                all.into_iter().map(|entry| (entry.resource_provider.uuid, entry.resources)).collect()
            }
        };
        Claim {
            consumer,
            project_id: self.project_id.unwrap_or_else(|| options.incomplete_consumer_project_id.clone()),
            user_id: self.user_id.unwrap_or_else(|| options.incomplete_consumer_user_id.clone()),
            consumer_type: self.consumer_type,
            belief: if version >= v(28) { Belief::Generation(self.consumer_generation) } else { Belief::Any },
            allocations,
        }
    }
}

/// What several consumers are to have.
pub(crate) type Bodies = BTreeMap<Uuid, Body>;

/// Reads them as of that version.
pub(crate) fn into_claims(bodies: Bodies, version: Microversion, options: &PlacementOptions) -> Vec<Claim> {
    bodies.into_iter().map(|(consumer, body)| body.into_claim(consumer, version, options)).collect()
}

/// What a consumer has.
#[derive(Debug, Default, Serialize)]
pub(crate) struct OfConsumer {
    allocations: BTreeMap<Uuid, AtProvider>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_generation: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_type: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct AtProvider {
    resources: BTreeMap<String, i64>,
    generation: i64,
}

impl OfConsumer {
    /// `generation` tells a provider's.
    pub(crate) fn of(
        consumer: ConsumerRow,
        held: Vec<Held>,
        version: Microversion,
        generation: impl Fn(Uuid) -> i64,
    ) -> Self {
        let mut view = Self::default();
        for held in held {
            let at = view.allocations.entry(held.provider).or_default();
            at.generation = generation(held.provider);
            at.resources.insert(held.class, held.used);
        }
        if version >= v(12) {
            view.project_id = Some(consumer.project_id);
            view.user_id = Some(consumer.user_id);
        }
        if version >= v(28) {
            view.consumer_generation = Some(consumer.generation);
        }
        if version >= v(38) {
            view.consumer_type = Some(consumer.consumer_type.unwrap_or_else(|| UNKNOWN.to_owned()));
        }
        view
    }
}

/// What consumers have of a provider.
#[derive(Debug, Serialize)]
pub(crate) struct AtOneProvider {
    allocations: BTreeMap<Uuid, OfOneConsumer>,
    resource_provider_generation: i64,
}

#[derive(Debug, Default, Serialize)]
struct OfOneConsumer {
    resources: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_generation: Option<i64>,
}

impl AtOneProvider {
    pub(crate) fn of(given: Vec<Given>, generation: i64, version: Microversion) -> Self {
        let mut allocations: BTreeMap<Uuid, OfOneConsumer> = BTreeMap::new();
        for given in given {
            let of = allocations.entry(given.consumer).or_default();
            of.consumer_generation = (version >= v(28)).then_some(given.consumer_generation);
            of.resources.insert(given.class, given.used);
        }
        Self { allocations, resource_provider_generation: generation }
    }
}
