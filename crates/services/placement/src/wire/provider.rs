//! Providers as clients see them.

use ferrostack_auth::Microversion;
use ferrostack_http::{Params, Schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};
use uuid::Uuid;

use super::{query, v};
use crate::{PlacementError, app::provider::Filter, store::provider::ProviderRow, view::Provider};

/// `POST /resource_providers` before 1.14.
pub(crate) static CREATE: Schema = Schema::new(
    r#"{"type": "object", "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "uuid": {"type": "string", "format": "uuid"}
    }, "required": ["name"], "additionalProperties": false}"#,
);

/// `POST /resource_providers` since 1.14: with a parent.
pub(crate) static CREATE_14: Schema = Schema::new(
    r#"{"type": "object", "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "uuid": {"type": "string", "format": "uuid"},
        "parent_provider_uuid": {"type": ["string", "null"], "format": "uuid"}
    }, "required": ["name"], "additionalProperties": false}"#,
);

/// `PUT /resource_providers/{uuid}` before 1.14.
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{"type": "object", "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 200}},
        "required": ["name"], "additionalProperties": false}"#,
);

/// `PUT /resource_providers/{uuid}` since 1.14: with a parent.
pub(crate) static UPDATE_14: Schema = Schema::new(
    r#"{"type": "object", "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "parent_provider_uuid": {"type": ["string", "null"], "format": "uuid"}
    }, "required": ["name"], "additionalProperties": false}"#,
);

/// The body of both.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) uuid: Option<Uuid>,
    /// Outer none: not mentioned; inner none: no parent.
    #[serde(default, deserialize_with = "mentioned")]
    pub(crate) parent_provider_uuid: Option<Option<Uuid>>,
}

fn mentioned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Uuid>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The filters of `GET /resource_providers`.
pub(crate) fn filter(params: &Params, version: Microversion) -> Result<Filter, PlacementError> {
    let mut allowed = vec!["name", "uuid"];
    for (minor, key) in [(3, "member_of"), (4, "resources"), (14, "in_tree"), (18, "required")] {
        if version >= v(minor) {
            allowed.push(key);
        }
    }
    query::only(params, &allowed)?;
    let traits = query::traits(params, "", version)?;
    let aggregates = query::aggregates(params, "", version)?;
    let uuid = |key: &str| query::last(params, key).map(|text| query::uuid(key, text)).transpose();
    Ok(Filter {
        name: query::last(params, "name").map(str::to_owned),
        uuid: uuid("uuid")?,
        in_tree: uuid("in_tree")?,
        resources: query::last(params, "resources").map(query::resources).transpose()?.unwrap_or_default(),
        required: traits.required,
        forbidden: traits.forbidden,
        member_of: aggregates.member_of,
        forbidden_aggregates: aggregates.forbidden,
    })
}

/// A provider in an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    uuid: Uuid,
    name: &'a str,
    generation: i64,
    parent: Option<Uuid>,
    root: Uuid,
    /// The prefix under which the service is mounted.
    base: &'a str,
    version: Microversion,
}

impl<'a> View<'a> {
    pub(crate) fn of(provider: &'a Provider, base: &'a str, version: Microversion) -> Self {
        let Provider { uuid, name, generation, parent, root, .. } = provider;
        Self { uuid: *uuid, name, generation: *generation, parent: *parent, root: *root, base, version }
    }

    pub(crate) fn of_row(row: &'a ProviderRow, base: &'a str, version: Microversion) -> Self {
        let ProviderRow { uuid, name, generation, parent, root, .. } = row;
        Self { uuid: *uuid, name, generation: *generation, parent: *parent, root: *root, base, version }
    }

    fn links(&self) -> Vec<Link> {
        let own = format!("{}/resource_providers/{}", self.base, self.uuid);
        let parts = [(0, "inventories"), (0, "usages"), (1, "aggregates"), (6, "traits"), (11, "allocations")];
        let parts = parts.into_iter().filter(|(minor, _)| self.version >= v(*minor));
        let parts = parts.map(|(_, rel)| Link { href: format!("{own}/{rel}"), rel });
        let mut links: Vec<Link> = parts.collect();
        links.insert(0, Link { rel: "self", href: own });
        links
    }
}

#[derive(Serialize)]
struct Link {
    rel: &'static str,
    href: String,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uuid", &self.uuid)?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("generation", &self.generation)?;
        if self.version >= v(14) {
            map.serialize_entry("parent_provider_uuid", &self.parent)?;
            map.serialize_entry("root_provider_uuid", &self.root)?;
        }
        map.serialize_entry("links", &self.links())?;
        map.end()
    }
}

/// A list of providers.
#[derive(Serialize)]
pub(crate) struct List<'a> {
    pub(crate) resource_providers: Vec<View<'a>>,
}
