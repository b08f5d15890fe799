//! Usages as clients see them.

use std::collections::BTreeMap;

use ferrostack_auth::Microversion;
use ferrostack_http::Params;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{query, v};
use crate::{PlacementError, app::usage::TypeUsage};

/// Whose usage is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) project_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) consumer_type: Option<String>,
}

impl Query {
    pub(crate) fn from_params(params: &Params, version: Microversion) -> Result<Self, PlacementError> {
        let allowed: &[&str] =
            if version >= v(38) { &["project_id", "user_id", "consumer_type"] } else { &["project_id", "user_id"] };
        query::only(params, allowed)?;
        let value = |key: &str| match query::last(params, key) {
            Some(text) if text.is_empty() || text.chars().count() > 255 => {
                let (count, keyword) = (text.chars().count(), if text.is_empty() { "minLength" } else { "maxLength" });
                Err(PlacementError::invalid(format!(
                    "Invalid query string parameters: {key} has {count} characters, not 1 to 255. Failed validating '{keyword}'."
                )))
            }
            text => Ok(text.map(str::to_owned)),
        };
        let project_id = value("project_id")?.ok_or_else(|| {
            PlacementError::invalid("Invalid query string parameters: 'project_id' is a required property")
        })?;
        let consumer_type = value("consumer_type")?;
        if let Some(text) = &consumer_type {
            let capital = text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
            if !capital && text != "all" && text != "unknown" {
                return Err(PlacementError::invalid(format!(
                    "Invalid query string parameters: consumer_type is {text:?}, neither capitals, digits and underscores, nor \"all\" or \"unknown\"."
                )));
            }
        }
        Ok(Self { project_id, user_id: value("user_id")?, consumer_type })
    }
}

/// Used amounts by class; of a provider with its generation.
#[derive(Debug, Serialize)]
pub(crate) struct View<U> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_provider_generation: Option<i64>,
    pub(crate) usages: U,
}

/// Used amounts by consumer type (1.38).
pub(crate) struct ByType(pub(crate) BTreeMap<String, TypeUsage>);

impl Serialize for ByType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, usage)| (name, One(usage))))
    }
}

struct One<'a>(&'a TypeUsage);

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("consumer_count", &self.0.consumers)?;
        for (class, used) in &self.0.used {
            map.serialize_entry(class, used)?;
        }
        map.end()
    }
}
