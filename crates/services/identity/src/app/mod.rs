//! Rules.

pub(crate) mod audit_id;
pub(crate) mod authentication;
pub(crate) mod bootstrap;
pub(crate) mod catalog;
pub(crate) mod directory;
pub(crate) mod domain;
pub(crate) mod endpoint;
pub(crate) mod generation;
pub(crate) mod grant;
pub(crate) mod group;
pub(crate) mod implied_role;
pub(crate) mod project;
pub(crate) mod region;
pub(crate) mod remembered;
pub(crate) mod role;
pub(crate) mod role_assignment;
pub(crate) mod service;
pub(crate) mod token;
pub(crate) mod user;

use crate::{IdentityError, store::Extra};

/// Refuses to change or delete what is marked as immutable.
fn refuse_immutable(options: &Extra, what: &'static str, id: &str, verb: &str) -> Result<(), IdentityError> {
    if options.get("immutable") == Some(&serde_json::Value::Bool(true)) {
        return Err(IdentityError::forbidden(format!("The {what} {id} is immutable and can't be {verb}.")));
    }
    Ok(())
}

/// Whether an update only says that something is no longer immutable, which must be allowed.
fn only_unlocks(options: Option<&Extra>) -> bool {
    options.is_some_and(|options| options.get("immutable").is_some_and(|value| value != &serde_json::Value::Bool(true)))
}

/// Lays new options over old ones: null removes one.
fn merge_options(options: &mut Extra, new: Extra) {
    for (name, value) in new {
        if value.is_null() {
            options.shift_remove(&name);
        } else {
            options.insert(name, value);
        }
    }
}

/// Lays new attributes over old ones.
fn merge_extra(extra: &mut Extra, new: Extra) {
    extra.extend(new);
}
