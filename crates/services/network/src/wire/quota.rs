//! Quotas.

use std::collections::BTreeMap;

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use super::{Integer, single_schema};

/// PUT.
pub(crate) static UPDATE: Schema = Schema::new(single_schema!("quota", [], {
    "network": number, "subnet": number, "port": number, "router": number, "floatingip": number, "security_group": number,
    "security_group_rule": number, "check_limit": flag, "force": flag, "tenant_id": project, "project_id": project
}));

/// The body of an update.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UpdateQuota {
    /// The new limits.
    pub quota: WantedLimits,
}

/// New limits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WantedLimits {
    /// Whether a limit below what is used is refused.
    pub check_limit: super::Flag,
    /// By the API's names.
    #[serde(flatten)]
    pub limits: BTreeMap<String, serde_json::Value>,
}

impl WantedLimits {
    /// The limits by name.
    pub(crate) fn numbers(&self) -> Vec<(&str, i64)> {
        let number = |value: &serde_json::Value| Integer::deserialize(value).ok().map(|number| number.0);
        self.limits.iter().filter_map(|(name, value)| Some((name.as_str(), number(value)?))).collect()
    }
}

/// A limit and what is used of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Detail {
    /// The limit; -1 is none.
    pub limit: i64,
    /// What is used.
    pub used: i64,
    /// Always 0: what is taken is taken at once.
    pub reserved: i64,
}

/// `{"quota": {...}}`
#[derive(Debug, Serialize)]
pub(crate) struct QuotaAnswer<T> {
    /// By the API's names.
    pub quota: BTreeMap<&'static str, T>,
}

/// `{"quotas": [...]}`
#[derive(Debug, Serialize)]
pub(crate) struct QuotaList {
    /// One for each project with limits of its own.
    pub quotas: Vec<BTreeMap<&'static str, serde_json::Value>>,
}
