//! Shapes of requests and answers, by microversion; schemas as data beside them.

pub(crate) mod aggregate;
pub(crate) mod allocation;
pub(crate) mod candidate;
pub(crate) mod inventory;
pub(crate) mod provider;
pub(crate) mod query;
pub(crate) mod reshaper;
pub(crate) mod resource_class;
pub(crate) mod root;
pub(crate) mod trait_;
pub(crate) mod usage;

use std::fmt::Display;

use ferrostack_auth::Microversion;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// `1.minor`.
pub(crate) const fn v(minor: u16) -> Microversion {
    Microversion::new(1, minor)
}

/// Newer than any version there is.
pub(crate) const LAST: Microversion = Microversion::new(1, u16::MAX);

/// Writes key and value pairs as a JSON object, without building one first.
pub(crate) struct Object<I>(pub(crate) I);

impl<K: Display, V: Serialize, I: Iterator<Item = (K, V)> + Clone> Serialize for Object<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.clone() {
            map.serialize_entry(&Text(key), &value)?;
        }
        map.end()
    }
}

struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
