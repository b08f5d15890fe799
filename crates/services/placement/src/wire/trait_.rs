//! Traits as clients see them.

use ferrostack_http::{Params, Schema};
use serde::{Deserialize, Serialize};

use super::query;
use crate::PlacementError;

/// `PUT /resource_providers/{uuid}/traits`.
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{"type": "object", "properties": {
        "traits": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255}},
        "resource_provider_generation": {"type": "integer"}
    }, "required": ["traits", "resource_provider_generation"], "additionalProperties": false}"#,
);

/// Its body.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    pub(crate) traits: Vec<String>,
    pub(crate) resource_provider_generation: i64,
}

/// Names, and the generation if they are a provider's.
#[derive(Debug, Serialize)]
pub(crate) struct View<T> {
    pub(crate) traits: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_provider_generation: Option<i64>,
}

/// Which traits are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only these.
    names: Option<Vec<String>>,
    /// Only those that begin so.
    prefix: Option<String>,
    /// Only those that providers have, or that none has.
    pub(crate) associated: Option<bool>,
}

impl Filter {
    pub(crate) fn from_params(params: &Params) -> Result<Self, PlacementError> {
        query::only(params, &["name", "associated"])?;
        let mut filter = Self::default();
        if let Some(text) = query::last(params, "name") {
            match text.split_once(':') {
                Some(("in", list)) => filter.names = Some(list.split(',').map(str::to_owned).collect()),
                Some(("startswith", prefix)) => filter.prefix = Some(prefix.to_owned()),
                // Another operator means nothing, as upstream has it.
                Some(_) => {}
                None => {
                    return Err(PlacementError::invalid(format!(
                        "Badly formatted name parameter. Expected name query string parameter in form: ?name=[in|startswith]:[name1,name2|prefix]. Got: \"{text}\""
                    )));
                }
            }
        }
        filter.associated = match query::last(params, "associated").map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => {
                return Err(PlacementError::invalid(
                    "The query parameter \"associated\" only accepts \"true\" or \"false\"",
                ));
            }
        };
        Ok(filter)
    }

    pub(crate) fn admits(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.iter().any(|known| known == name))
            && self.prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
    }
}
