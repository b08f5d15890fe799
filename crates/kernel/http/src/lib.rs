//! What all APIs share: request ids, authentication, microversions, schemas, faults in each dialect, paging, sorting.
//!
//! A service builds [`Routes`], names for each route its policy action and its schemas, and mounts them with
//! [`Service::mount`]. Around every handler the same things happen in the same order: the request gets its id, the token
//! is checked, the microversion chosen, the policy's action asked (with the caller's own project, domain and user as
//! target; handlers ask again with the resource itself), the body read, bounded and validated. A handler that changes
//! something runs to its end even when its client hangs up.

mod accept;
mod believer;
mod client_address;
mod dialect;
mod explain;
mod extract;
mod fault;
mod gate;
mod page;
mod params;
mod reply;
mod routes;
mod schema;
mod serve;
mod service;
mod versions;
mod websocket;

pub use accept::accepts;
pub use axum;
pub use believer::{Believer, NotLoopback};
pub use client_address::public_base;
pub use dialect::Dialect;
pub use extract::{Cx, Id, Raw, Valid};
pub use fault::{Fault, FaultKind};
pub use gate::{AuthFuture, Authenticator, Gate};
pub use page::{Page, SortKey, Sorting, parse_sort_keys};
pub use params::Params;
pub use reply::Reply;
pub use routes::{Access, RouteInfo, Routes};
pub use schema::{Schema, SchemaRange, Violation};
pub use serve::{ServeError, serve, serve_on};
pub use service::{Observer, Service};
pub use versions::Versions;
pub use websocket::{Tunnel, Upgrade};
