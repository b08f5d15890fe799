//! All APIs behind one address, each at its prefix (one certificate, one entry in a balancer).

use std::sync::Arc;

use ferrostack_auth::Microversion;
use ferrostack_http::{Dialect, Gate, Observer, Service, Versions, axum::Router};
use ferrostack_observe::Metrics;

use super::{
    options::{CONSOLE, METADATA},
    services::Services,
    watch,
};

/// Compute's versions: what all its routes hold.
const COMPUTE_VERSIONS: Versions = Versions {
    service: "compute",
    legacy_header: Some("x-openstack-nova-api-version"),
    min: Microversion::new(2, 1),
    max: Microversion::new(2, 1),
    default: Microversion::new(2, 1),
};

/// Everything that the listener serves, behind that gate; `/metrics` only where somebody counts.
pub(super) fn router(services: &Services, gate: &Gate, metrics: Option<&Arc<Metrics>>) -> Router {
    let observer = metrics.map(|metrics| Arc::new(watch::Watch(metrics.clone())) as Arc<dyn Observer>);
    let service =
        |name, dialect, versions| Service { name, dialect, versions, gate: gate.clone(), observer: observer.clone() };
    let identity = service("identity", Dialect::Identity, None);
    let image = service("image", Dialect::Image, None);
    let placement = service("placement", Dialect::Placement, Some(ferrostack_placement::VERSIONS));
    let network = service("network", Dialect::Network, None);
    let compute = service("compute", Dialect::Compute, Some(COMPUTE_VERSIONS));
    let compute_root = service("compute", Dialect::Compute, None);
    let (guests, consoles) = (compute_root.clone(), compute_root.clone());
    let router = Router::new()
        .nest_service("/identity", identity.mount(ferrostack_identity::routes(), services.identity.clone()))
        .nest_service("/image", image.mount(ferrostack_image::routes(), services.image.clone()))
        .nest_service("/placement", placement.mount(ferrostack_placement::routes(), services.placement.clone()))
        .nest_service("/network/v2.0", network.clone().mount(ferrostack_network::routes(), services.network.clone()))
        .nest_service("/network", network.mount(ferrostack_network::root_routes(), services.network.clone()))
        .nest_service("/compute/v2.1", compute.mount(ferrostack_compute::routes(), services.compute.clone()))
        .nest_service("/compute", compute_root.mount(ferrostack_compute::root_routes(), services.compute.clone()))
        .nest_service(METADATA, guests.mount(ferrostack_compute::metadata_routes(), services.compute.clone()))
        .nest_service(CONSOLE, consoles.mount(ferrostack_compute::console_routes(), services.compute.clone()));
    match metrics {
        Some(metrics) => router.merge(watch::routes(metrics.clone())),
        None => router,
    }
}
