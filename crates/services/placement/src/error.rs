//! What can go wrong in placement, and how its API says so.
//!
//! Codes are those of the API reference's list of errors; clients branch on them.
//!
//! Texts are our own, with one exception: a phrase that the peer's own API tests look for is part of the interface, for
//! clients look for it too. Such a phrase stands in a text as those tests have it, and what goes beyond it is ours again.
//! `script/conformance placement` runs those tests. Texts in `api`, `app` and `wire` follow the same rule.

use ferrostack_contracts::{ContractError, ErrorKind};
use ferrostack_db::DbError;
use ferrostack_http::{Fault, FaultKind};
use uuid::Uuid;

/// Somebody else changed the thing first: read again and retry.
pub(crate) const CONCURRENT_UPDATE: &str = "placement.concurrent_update";
const DUPLICATE_NAME: &str = "placement.duplicate_name";
const INVENTORY_IN_USE: &str = "placement.inventory.inuse";
const PROVIDER_IN_USE: &str = "placement.resource_provider.inuse";
const CANNOT_DELETE_PARENT: &str = "placement.resource_provider.cannot_delete_parent";
/// A body names a provider that does not exist.
pub(crate) const PROVIDER_NOT_FOUND: &str = "placement.resource_provider.not_found";
/// A query parameter may stand only once.
pub(crate) const DUPLICATE_KEY: &str = "placement.query.duplicate_key";
/// A query parameter's value does not fit the rest of the query.
pub(crate) const BAD_VALUE: &str = "placement.query.bad_value";
/// A query lacks a parameter.
pub(crate) const MISSING_VALUE: &str = "placement.query.missing_value";

/// Why an allocation does not fit an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The provider has no inventory of that class.
    #[error("The provider has no such inventory")]
    Missing,
    /// `min_unit`, `max_unit` or `step_size` is violated.
    #[error("The amount does not keep to min_unit, max_unit and step_size")]
    Constraints,
    /// Not enough is left.
    #[error("The requested amount would exceed the capacity")]
    Capacity,
}

/// Refusals and failures of the placement service.
#[derive(Debug, thiserror::Error)]
pub enum PlacementError {
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The request does not fit; the message names the field and its value.
    #[error("{message}")]
    Invalid {
        /// For the caller.
        message: String,
        /// The API's code for it, where there is a special one.
        code: Option<&'static str>,
    },
    /// No such provider.
    #[error("No resource provider with uuid {uuid} found")]
    NoProvider {
        /// As the caller wrote it.
        uuid: String,
    },
    /// Something else of that name does not exist.
    #[error("{message}")]
    NotFound {
        /// For the caller.
        message: String,
    },
    /// The provider's uuid or name is taken.
    #[error("Conflicting resource provider {what} already exists.")]
    DuplicateProvider {
        /// `name: x`, `uuid: y` or both.
        what: String,
    },
    /// Children first.
    #[error("Unable to delete parent resource provider {uuid}: It has child resource providers.")]
    HasChildren {
        /// The provider.
        uuid: Uuid,
    },
    /// Consumers hold allocations there.
    #[error("Unable to delete resource provider {uuid}: Resource provider has allocations.")]
    ProviderInUse {
        /// The provider.
        uuid: Uuid,
    },
    /// The caller's view of a provider is out of date.
    #[error(
        "resource provider generation conflict at {uuid}: actual: {actual}, given: {given}. Resource provider's generation already changed. Please update the generation and try again."
    )]
    StaleProvider {
        /// The provider.
        uuid: Uuid,
        /// The generation that it has.
        actual: i64,
        /// The generation that the caller named.
        given: i64,
    },
    /// The caller's view of a consumer is out of date.
    #[error("consumer generation conflict - expected {} but got {}", or_null(*.actual), or_null(*.given))]
    StaleConsumer {
        /// The generation that it has; none when there is no such consumer.
        actual: Option<i64>,
        /// What the caller named.
        given: Option<i64>,
    },
    /// Somebody else was faster; reading again helps.
    #[error("Update conflict: another request has just changed {what}; read it again and repeat.")]
    Raced {
        /// What was changed.
        what: String,
    },
    /// An inventory that has allocations cannot go.
    #[error("Inventory for '{classes}' on resource provider '{provider}' in use.")]
    InventoryInUse {
        /// Names of the classes.
        classes: String,
        /// The provider.
        provider: Uuid,
    },
    /// An allocation does not fit.
    #[error("Unable to allocate inventory: Inventory for '{class}' on {provider} does not allow it. {why}.")]
    Misfit {
        /// The resource class.
        class: String,
        /// The provider.
        provider: Uuid,
        /// Why.
        why: Misfit,
    },
    /// A name exists already, or is still used.
    #[error("{message}")]
    NameConflict {
        /// For the caller.
        message: String,
    },
}

fn or_null(generation: Option<i64>) -> String {
    generation.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

impl PlacementError {
    /// 400 without a special code.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), code: None }
    }

    /// 400 with a code.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), code: Some(code) }
    }

    /// 404 for anything that is no provider.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::NotFound { message: message.into() }
    }

    /// Nobody has heard of that resource class.
    pub(crate) fn no_class(name: &str) -> Self {
        Self::missing(format!("No such resource class {name}."))
    }

    fn code(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { code, .. } => *code,
            Self::DuplicateProvider { .. } => Some(DUPLICATE_NAME),
            Self::HasChildren { .. } => Some(CANNOT_DELETE_PARENT),
            Self::ProviderInUse { .. } => Some(PROVIDER_IN_USE),
            Self::StaleProvider { .. } | Self::StaleConsumer { .. } | Self::Raced { .. } => Some(CONCURRENT_UPDATE),
            Self::InventoryInUse { .. } => Some(INVENTORY_IN_USE),
            Self::Db(_)
            | Self::NoProvider { .. }
            | Self::NotFound { .. }
            | Self::Misfit { .. }
            | Self::NameConflict { .. } => None,
        }
    }
}

impl From<PlacementError> for Fault {
    fn from(error: PlacementError) -> Self {
        let kind = match &error {
            PlacementError::Db(_) => FaultKind::Internal,
            PlacementError::Invalid { .. } => FaultKind::BadRequest,
            PlacementError::NoProvider { .. } | PlacementError::NotFound { .. } => FaultKind::NotFound,
            _ => FaultKind::Conflict,
        };
        let fault = match error {
            PlacementError::Db(error) => return error.into(),
            ref other => Fault::of(kind, other.to_string()),
        };
        match error.code() {
            Some(code) => fault.with_code(code),
            None => fault,
        }
    }
}

impl From<PlacementError> for ContractError {
    fn from(error: PlacementError) -> Self {
        let kind = match error {
            PlacementError::Db(error) => return error.into(),
            PlacementError::Invalid { .. } => ErrorKind::Invalid,
            PlacementError::NoProvider { .. } | PlacementError::NotFound { .. } => ErrorKind::NotFound,
            PlacementError::Misfit { .. } => ErrorKind::Exhausted,
            _ => ErrorKind::Conflict,
        };
        Self::new(kind, error.to_string())
    }
}
