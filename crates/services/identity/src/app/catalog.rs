//! Where the services are: the list that comes with a token.

use std::{collections::HashMap, sync::Arc};

use ferrostack_db::Read;

use crate::{
    IdentityError,
    store::{self, endpoint::Endpoint, service::Service},
    wire::catalog::{EndpointView, ServiceView},
};

/// The services that are enabled, each with its endpoints that are.
pub(crate) struct Catalog {
    services: Vec<(Service, Vec<Endpoint>)>,
    /// The rendered list, when it is the same for everybody.
    same_for_all: Option<Arc<[u8]>>,
}

impl Catalog {
    /// Reads all.
    pub(crate) async fn read(db: &impl Read) -> Result<Self, IdentityError> {
        let services =
            store::service::list(db, &store::service::Filter { enabled: Some(true), ..Default::default() }).await?;
        let endpoints =
            store::endpoint::list(db, &store::endpoint::Filter { enabled: Some(true), ..Default::default() }).await?;
        let mut by_service: HashMap<String, Vec<Endpoint>> = HashMap::new();
        let templated = endpoints.iter().any(|endpoint| is_template(&endpoint.url));
        for endpoint in endpoints {
            by_service.entry(endpoint.service_id.to_string()).or_default().push(endpoint);
        }
        let with_endpoints = |service: Service| {
            let endpoints = by_service.remove(service.id.as_str()).unwrap_or_default();
            (service, endpoints)
        };
        let mut catalog = Self { services: services.into_iter().map(with_endpoints).collect(), same_for_all: None };
        if !templated {
            catalog.same_for_all = Some(catalog.render(None, "")?);
        }
        Ok(catalog)
    }

    /// The list as JSON, for a user in a project.
    pub(crate) fn render(&self, project_id: Option<&str>, user_id: &str) -> Result<Arc<[u8]>, IdentityError> {
        if let Some(bytes) = &self.same_for_all {
            return Ok(Arc::clone(bytes));
        }
        Ok(serde_json::to_vec(&self.view(project_id, user_id))?.into())
    }

    fn view(&self, project_id: Option<&str>, user_id: &str) -> Vec<ServiceView<'_>> {
        self.services.iter().map(|entry| service_view(entry, project_id, user_id)).collect()
    }
}

fn service_view<'a>(
    (service, endpoints): &'a (Service, Vec<Endpoint>),
    project_id: Option<&str>,
    user_id: &str,
) -> ServiceView<'a> {
    let usable = endpoints
        .iter()
        .filter_map(|endpoint| Some(EndpointView::new(endpoint, fill(&endpoint.url, project_id, user_id)?)));
    ServiceView::new(service, usable.collect())
}

fn is_template(url: &str) -> bool {
    url.contains("$(") || url.contains("%(")
}

/// Puts the ids into `$(project_id)s`, `%(tenant_id)s` and the like. None when the address needs a project and there is
/// none, or when it needs something unknown: such an endpoint is of no use to the caller.
fn fill(url: &str, project_id: Option<&str>, user_id: &str) -> Option<String> {
    let mut filled = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find("$(").into_iter().chain(rest.find("%(")).min() {
        filled.push_str(&rest[..at]);
        let (name, after) = rest[at + 2..].split_once(")s")?;
        filled.push_str(match name {
            "project_id" | "tenant_id" => project_id?,
            "user_id" => user_id,
            _ => return None,
        });
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_the_project() {
        assert_eq!(fill("http://h/v3/$(project_id)s/x", Some("p"), "u").as_deref(), Some("http://h/v3/p/x"));
        assert_eq!(fill("http://h/AUTH_%(tenant_id)s", Some("p"), "u").as_deref(), Some("http://h/AUTH_p"));
        assert_eq!(fill("http://h/%(user_id)s/$(project_id)s", Some("p"), "u").as_deref(), Some("http://h/u/p"));
        assert_eq!(fill("http://h/v2.1", None, "u").as_deref(), Some("http://h/v2.1"));
    }

    #[test]
    fn what_cant_be_filled_is_left_out() {
        assert_eq!(fill("http://h/$(project_id)s", None, "u"), None);
        assert_eq!(fill("http://h/$(colour)s", Some("p"), "u"), None);
        assert_eq!(fill("http://h/$(project_id", Some("p"), "u"), None);
    }
}
