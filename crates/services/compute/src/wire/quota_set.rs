//! Quotas as clients see them. At microversion 2.1 they also list what the network service limits nowadays; there -1, no
//! limit, is shown.

use std::collections::{BTreeMap, HashMap};

use ferrostack_http::Schema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::loose;
use crate::{
    ComputeError,
    app::limits::{Quota, RESOURCES},
};

/// What is shown and can be sent, but limits nothing here.
const ELSEWHERE: &[(&str, i64)] = &[
    ("fixed_ips", -1),
    ("floating_ips", -1),
    ("security_groups", -1),
    ("security_group_rules", -1),
    ("injected_files", 0),
    ("injected_file_content_bytes", 0),
    ("injected_file_path_bytes", 0),
];

/// At microversion 2.1.
pub(crate) static UPDATE: Schema = Schema::new(
    r##"{
    "type": "object", "required": ["quota_set"], "additionalProperties": false,
    "properties": {"quota_set": {
        "type": "object", "additionalProperties": false,
        "properties": {
            "tenant_id": {"type": "string"},
            "force": {"type": ["boolean", "string"]},
            "instances": {"$ref": "#/$defs/limit"}, "cores": {"$ref": "#/$defs/limit"}, "ram": {"$ref": "#/$defs/limit"},
            "key_pairs": {"$ref": "#/$defs/limit"}, "metadata_items": {"$ref": "#/$defs/limit"},
            "server_groups": {"$ref": "#/$defs/limit"}, "server_group_members": {"$ref": "#/$defs/limit"},
            "fixed_ips": {"$ref": "#/$defs/limit"}, "floating_ips": {"$ref": "#/$defs/limit"},
            "security_groups": {"$ref": "#/$defs/limit"}, "security_group_rules": {"$ref": "#/$defs/limit"},
            "injected_files": {"$ref": "#/$defs/limit"}, "injected_file_content_bytes": {"$ref": "#/$defs/limit"},
            "injected_file_path_bytes": {"$ref": "#/$defs/limit"}
        }
    }},
    "$defs": {"limit": {"anyOf": [{"type": "integer", "minimum": -1, "maximum": 2147483647}, {"type": "string", "pattern": "^(-1|[0-9]{1,9})$"}]}}
}"##,
);

/// Limits by name.
type Limits = Vec<(&'static str, i64)>;

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    quota_set: BTreeMap<String, Value>,
}

impl Update {
    /// Limits by name, and whether they may be below what is used.
    pub(crate) fn limits(&self) -> Result<(Limits, bool), ComputeError> {
        let mut limits = Vec::new();
        for (name, _) in RESOURCES {
            let Some(value) = self.quota_set.get(*name) else { continue };
            let limit = loose::integer(value)
                .map_err(|error| ComputeError::invalid("quota_set", format!("{name}: {error}.")))?;
            limits.extend(limit.map(|limit| (*name, limit)));
        }
        let force = self.quota_set.get("force").map(loose::boolean).transpose();
        let force = force.map_err(|error| ComputeError::invalid("force", format!("{error}.")))?;
        Ok((limits, force.flatten().unwrap_or(false)))
    }
}

/// `{"quota_set": {"instances": 10, ...}}`, with the project's id if there is one.
pub(crate) fn limits(project: Option<&str>, quotas: &HashMap<&'static str, Quota>) -> Value {
    let mut set = Map::new();
    if let Some(project) = project {
        set.insert("id".to_owned(), project.into());
    }
    for (name, _) in RESOURCES {
        set.insert((*name).to_owned(), quotas.get(name).map_or(-1, |quota| quota.limit).into());
    }
    for (name, limit) in ELSEWHERE {
        set.insert((*name).to_owned(), (*limit).into());
    }
    json!({"quota_set": set})
}

/// The same with what is used.
pub(crate) fn details(project: &str, quotas: &HashMap<&'static str, Quota>) -> Value {
    let mut set = Map::new();
    set.insert("id".to_owned(), project.into());
    let detail = |limit: i64, used: i64| json!({"limit": limit, "in_use": used, "reserved": 0});
    for (name, _) in RESOURCES {
        let quota = quotas.get(name).copied().unwrap_or(Quota { limit: -1, used: 0 });
        set.insert((*name).to_owned(), detail(quota.limit, quota.used));
    }
    for (name, limit) in ELSEWHERE {
        set.insert((*name).to_owned(), detail(*limit, 0));
    }
    json!({"quota_set": set})
}
