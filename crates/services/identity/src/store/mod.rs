//! SQL and nothing else.

pub(crate) mod assignment;
pub(crate) mod domain;
pub(crate) mod endpoint;
pub(crate) mod generation;
pub(crate) mod group;
pub(crate) mod implied_role;
pub(crate) mod project;
pub(crate) mod project_tag;
pub(crate) mod region;
pub(crate) mod revocation;
pub(crate) mod role;
pub(crate) mod service;
pub(crate) mod user;

mod list;
mod schema;

pub(crate) use list::{Listing, NameMatch, Window};
pub use schema::MIGRATIONS;

/// Attributes that the API keeps for its clients without knowing them.
pub(crate) type Extra = serde_json::Map<String, serde_json::Value>;

/// A name as it is compared: the API ignores case.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}
