//! Rules: what may be done to providers, inventories, names and allocations, and where a request would fit.

pub(crate) mod aggregate;
pub(crate) mod allocation;
pub(crate) mod candidate;
pub(crate) mod combiner;
pub(crate) mod inventory;
pub(crate) mod provider;
pub(crate) mod reshaper;
pub(crate) mod resource_class;
pub(crate) mod trait_;
pub(crate) mod usage;

use uuid::Uuid;

use crate::PlacementError;

/// A path's text as a provider's id; what is none can't be found.
pub(crate) fn provider_id(text: &str) -> Result<Uuid, PlacementError> {
    Uuid::try_parse(text).map_err(|_| PlacementError::NoProvider { uuid: text.to_owned() })
}
