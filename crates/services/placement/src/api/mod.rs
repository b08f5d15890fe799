//! Routes and handlers, one file for each resource.

mod aggregate;
mod allocation;
mod candidate;
mod inventory;
mod provider;
mod request;
mod reshaper;
mod resource_class;
mod root;
mod trait_;
mod usage;

use ferrostack_http::Routes;

use crate::Placement;

pub(crate) fn routes() -> Routes<Placement> {
    root::routes()
        .merge(provider::routes())
        .merge(inventory::routes())
        .merge(aggregate::routes())
        .merge(trait_::routes())
        .merge(resource_class::routes())
        .merge(usage::routes())
        .merge(allocation::routes())
        .merge(candidate::routes())
        .merge(reshaper::routes())
}
