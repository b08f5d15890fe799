//! What projects use.

use std::collections::BTreeMap;

use crate::{Placement, PlacementError, store};

/// The name of consumers without a type.
pub(crate) const UNKNOWN: &str = "unknown";
/// All consumers together.
const ALL: &str = "all";

/// What consumers of one type use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TypeUsage {
    /// How many consumers.
    pub(crate) consumers: i64,
    /// By class.
    pub(crate) used: BTreeMap<String, i64>,
}

/// What a project (and user) uses, whatever the consumers' types.
pub(crate) async fn total(
    placement: &Placement,
    project_id: &str,
    user_id: Option<&str>,
) -> Result<BTreeMap<String, i64>, PlacementError> {
    let mut total = BTreeMap::new();
    for usage in store::allocation::usages(placement.db(), project_id, user_id).await? {
        *total.entry(usage.class).or_default() += usage.used;
    }
    Ok(total)
}

/// What a project (and user) uses by consumer type: of all types, of the one asked for, or all as one (`all`).
pub(crate) async fn by_type(
    placement: &Placement,
    project_id: &str,
    user_id: Option<&str>,
    consumer_type: Option<&str>,
) -> Result<BTreeMap<String, TypeUsage>, PlacementError> {
    let name = |found: Option<String>| match consumer_type {
        Some(ALL) => Some(ALL.to_owned()),
        wanted => {
            Some(found.unwrap_or_else(|| UNKNOWN.to_owned())).filter(|name| wanted.is_none_or(|wanted| wanted == name))
        }
    };
    let mut usages: BTreeMap<String, TypeUsage> = BTreeMap::new();
    for usage in store::allocation::usages(placement.db(), project_id, user_id).await? {
        if let Some(name) = name(usage.consumer_type) {
            *usages.entry(name).or_default().used.entry(usage.class).or_default() += usage.used;
        }
    }
    for (found, consumers) in store::allocation::consumer_counts(placement.db(), project_id, user_id).await? {
        if let Some(name) = name(found) {
            usages.entry(name).or_default().consumers += consumers;
        }
    }
    Ok(usages)
}
