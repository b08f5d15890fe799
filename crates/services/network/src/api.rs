//! Routes and handlers: read the request, call the app, write the answer.

mod extension;
mod floating_ip;
mod network;
mod port;
mod quota;
mod reply;
mod router;
mod security_group;
mod security_group_rule;
mod subnet;
mod tag;
mod version;

use ferrostack_http::Routes;

use crate::Network;

/// The routes below the prefix of the version, `/network/v2.0`.
pub fn routes() -> Routes<Network> {
    Routes::new()
        .merge(version::routes())
        .merge(extension::routes())
        .merge(network::routes())
        .merge(subnet::routes())
        .merge(port::routes())
        .merge(router::routes())
        .merge(floating_ip::routes())
        .merge(security_group::routes())
        .merge(security_group_rule::routes())
        .merge(quota::routes())
        .merge(tag::routes())
}

/// The list of versions, at the prefix itself.
pub fn root_routes() -> Routes<Network> {
    version::root_routes()
}
