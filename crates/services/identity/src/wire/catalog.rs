//! The catalog that comes with a token.

use serde::Serialize;

use crate::store::{endpoint::Endpoint, service::Service};

/// A service with its endpoints.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceView<'a> {
    endpoints: Vec<EndpointView<'a>>,
    id: &'a str,
    #[serde(rename = "type")]
    service_type: &'a str,
    name: &'a str,
}

/// An endpoint.
#[derive(Debug, Serialize)]
pub(crate) struct EndpointView<'a> {
    id: &'a str,
    interface: &'a str,
    region_id: Option<&'a str>,
    url: String,
    region: Option<&'a str>,
}

impl<'a> ServiceView<'a> {
    pub(crate) fn new(service: &'a Service, endpoints: Vec<EndpointView<'a>>) -> Self {
        let name = service.name.as_deref().unwrap_or_default();
        Self { endpoints, id: service.id.as_str(), service_type: &service.service_type, name }
    }
}

impl<'a> EndpointView<'a> {
    /// With the address as this caller gets it.
    pub(crate) fn new(endpoint: &'a Endpoint, url: String) -> Self {
        let region = endpoint.region_id.as_ref().map(crate::RegionId::as_str);
        Self { id: endpoint.id.as_str(), interface: &endpoint.interface, region_id: region, url, region }
    }
}
