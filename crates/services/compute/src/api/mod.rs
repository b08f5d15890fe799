//! Routes and handlers: extract, look up and authorize in one call, call the app, render.

mod availability_zone;
mod console;
mod extension;
mod flavor;
mod flavor_access;
mod flavor_extra_specs;
mod guest_metadata;
mod hypervisor;
mod instance_action;
mod keypair;
mod limits;
mod quota_set;
mod server;
mod server_action;
mod server_addresses;
mod server_interface;
mod server_list;
mod server_metadata;
mod server_password;
mod service;
mod tenant_usage;
mod version;

use ferrostack_http::Routes;

use crate::Compute;

pub use console::console_routes;
pub use guest_metadata::metadata_routes;

/// All routes below the versioned prefix.
pub fn routes() -> Routes<Compute> {
    version::routes()
        .merge(extension::routes())
        .merge(limits::routes())
        .merge(flavor::routes())
        .merge(flavor_access::routes())
        .merge(flavor_extra_specs::routes())
        .merge(keypair::routes())
        .merge(server_list::routes())
        .merge(server::routes())
        .merge(server_action::routes())
        .merge(console::routes())
        .merge(server_addresses::routes())
        .merge(server_interface::routes())
        .merge(server_metadata::routes())
        .merge(server_password::routes())
        .merge(instance_action::routes())
        .merge(availability_zone::routes())
        .merge(service::routes())
        .merge(hypervisor::routes())
        .merge(quota_set::routes())
        .merge(tenant_usage::routes())
}

/// The routes at `/compute`, outside of any version.
pub fn root_routes() -> Routes<Compute> {
    version::root_routes()
}
