//! What a list or a show was asked for: attributes, filters, order, page. One table of attributes per resource says what
//! can be filtered and sorted by, so that a filter nobody knows is refused (extension `filter-validation`) instead of
//! giving back everything.

mod attribute;
mod fields;
mod listing;
mod tags;

pub(crate) use attribute::{Attribute, ValueKind};
pub(crate) use fields::Fields;
pub(crate) use listing::{Found, Listing, Scope, push_always_active};
pub(crate) use tags::TAG_FILTERS;

#[cfg(test)]
mod tests;
