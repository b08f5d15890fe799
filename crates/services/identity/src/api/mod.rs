//! Routes and handlers: extract, look up and authorize, call the app, render.

mod catalog;
mod discovery;
mod domain;
mod endpoint;
mod grant;
mod group;
mod implied_role;
mod project;
mod project_tag;
mod query;
mod region;
mod role;
mod role_assignment;
mod scope;
mod service;
mod token;
mod user;

use ferrostack_http::Routes;

use crate::Identity;

/// The most that a list gives at once when it is asked for parts.
const MAX_PAGE: usize = 1000;

pub(crate) fn routes() -> Routes<Identity> {
    discovery::routes()
        .merge(token::routes())
        .merge(catalog::routes())
        .merge(scope::routes())
        .merge(domain::routes())
        .merge(project::routes())
        .merge(project_tag::routes())
        .merge(user::routes())
        .merge(group::routes())
        .merge(role::routes())
        .merge(implied_role::routes())
        .merge(grant::routes())
        .merge(role_assignment::routes())
        .merge(region::routes())
        .merge(service::routes())
        .merge(endpoint::routes())
}
