//! The caller's own notes in a domain's definition.

use std::collections::BTreeMap;

/// Pairs of key and value, opaque to libvirt. Keys are of `a-z 0-9 _ -`; values are any text.
///
/// They stand in an element of a namespace of our own, which is how our domains are told from others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(pub BTreeMap<String, String>);

impl Metadata {
    /// The namespace.
    pub const NAMESPACE: &'static str = "https://ferrostack.org/xmlns/libvirt/domain/1.0";
    /// Its usual prefix.
    pub const PREFIX: &'static str = "ferrostack";

    /// With one more pair.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}
