//! Shapes of requests and responses, with their schemas.

pub(crate) mod catalog;
pub(crate) mod discovery;
pub(crate) mod domain;
pub(crate) mod endpoint;
pub(crate) mod group;
pub(crate) mod implied_role;
pub(crate) mod project;
pub(crate) mod project_tag;
pub(crate) mod region;
pub(crate) mod role;
pub(crate) mod role_assignment;
pub(crate) mod service;
pub(crate) mod token;
pub(crate) mod user;

mod links;

use serde::{Deserialize, Deserializer};

pub(crate) use links::{Links, One, SelfLink};

use crate::store::Extra;

/// Attributes that never are the client's to store: they are the service's own, or secret.
const RESERVED: [&str; 5] = ["id", "links", "password", "original_password", "password_expires_at"];

/// The unknown attributes of a request, as they are kept.
pub(crate) fn kept(mut extra: Extra) -> Extra {
    extra.retain(|name, _| !RESERVED.contains(&name.as_str()));
    extra
}

/// Tells null from nothing: for fields of an update that may be emptied. Use with `default`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
