//! Which roles imply which.

use serde::Serialize;

use crate::{
    store::role::Role,
    wire::{Links, SelfLink},
};

/// A role as rules name it.
#[derive(Debug, Serialize)]
pub(crate) struct RoleRef<'a> {
    id: &'a str,
    name: &'a str,
    links: SelfLink,
}

impl<'a> RoleRef<'a> {
    pub(crate) fn new(role: &'a Role, links: &Links) -> Self {
        Self { id: role.id.as_str(), name: &role.name, links: links.of(&format!("roles/{}", role.id)) }
    }
}

/// A role with one that it implies, or with all of them.
#[derive(Debug, Serialize)]
pub(crate) struct Inference<'a, T> {
    pub(crate) prior_role: RoleRef<'a>,
    pub(crate) implies: T,
}

/// `{"role_inference": {...}, "links": {...}}`
#[derive(Debug, Serialize)]
pub(crate) struct View<'a, T> {
    pub(crate) role_inference: Inference<'a, T>,
    pub(crate) links: SelfLink,
}
