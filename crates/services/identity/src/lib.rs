//! The identity service: who somebody is, what they may do where, and where the services of the cloud are.
//!
//! The API is that of Keystone, version 3 (<https://docs.openstack.org/api-ref/identity/v3/>). Tokens are Fernet tokens;
//! nothing of them is stored. Whether one is valid depends on what the database says of its user, its scope, its roles
//! and of revocations, so the result is kept in memory together with the *generation* at which it was read: a counter in
//! the database that every such change raises in its own transaction. A token is answered from memory only while the
//! counter still is what it was, so that a revocation holds at once, on every controller.

mod api;
mod app;
mod error;
mod id;
mod policy;
mod state;
mod store;
mod wire;

pub use app::bootstrap::{BootstrapSpec, Bootstrapped, CatalogEntry, bootstrap};
pub use error::IdentityError;
pub use id::{DEFAULT_DOMAIN, DomainId, EndpointId, GroupId, ProjectId, RegionId, RoleId, ServiceId, UserId};
pub use policy::ACTIONS;
pub use state::{Identity, IdentityOptions};
pub use store::MIGRATIONS;

/// All routes, to be mounted at `/identity` (and `/identity/`).
pub fn routes() -> ferrostack_http::Routes<Identity> {
    api::routes()
}
