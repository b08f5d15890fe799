//! A service at its prefix.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use ferrostack_auth::{Ctx, Microversion, Requested};
use tracing::Instrument;

use crate::{Dialect, Fault, FaultKind, Gate, Routes, gate};

/// Watches requests, for metrics.
pub trait Observer: Send + Sync {
    /// A request was answered.
    fn answered(&self, service: &'static str, method: &axum::http::Method, status: u16, took_us: u64);
}

/// The microversions of a service.
#[derive(Debug, Clone, Copy)]
pub struct Versions {
    /// The name in `OpenStack-API-Version`: `compute`, `placement`.
    pub service: &'static str,
    /// The older header, if the service has one: `x-openstack-nova-api-version`.
    pub legacy_header: Option<&'static str>,
    /// The oldest version.
    pub min: Microversion,
    /// The newest one that all routes hold.
    pub max: Microversion,
    /// What a request without the header gets.
    pub default: Microversion,
}

/// A service's edge.
#[derive(Clone)]
pub struct Service {
    /// Its name in logs and metrics, such as `compute`.
    pub name: &'static str,
    /// How it words refusals.
    pub dialect: Dialect,
    /// Its microversions, if it has them.
    pub versions: Option<Versions>,
    /// What it shares with the others.
    pub gate: Gate,
    /// Who watches requests.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Service {
    /// A router with all routes behind the gate, to be nested at the service's prefix.
    pub fn mount<S: Clone + Send + Sync + 'static>(self, routes: Routes<S>, state: S) -> Router {
        let mut router = Router::new();
        for (info, method_router) in routes.list {
            let guarded = method_router
                .layer(middleware::from_fn_with_state((self.gate.clone(), Arc::new(info.clone())), gate::guard));
            router = router.route(info.path, guarded);
        }
        router
            .fallback(|| async { Fault::missing("The resource could not be found.") })
            .method_not_allowed_fallback(|| async {
                Fault::of(FaultKind::MethodNotAllowed, "The method is not allowed for this resource.")
            })
            .with_state(state)
            .layer(middleware::from_fn_with_state(Arc::new(self), edge))
    }

    fn negotiate(&self, request: &Request) -> Result<Microversion, Fault> {
        let Some(versions) = &self.versions else { return Ok(Microversion::UNVERSIONED) };
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let named = request.headers().get_all("openstack-api-version").iter().filter_map(|value| value.to_str().ok());
        let named = named.flat_map(|line| line.split(',')).find_map(|part| {
            let (service, version) = part.trim().split_once(' ')?;
            service.eq_ignore_ascii_case(versions.service).then(|| version.trim())
        });
        let Some(wanted) = named.or_else(|| versions.legacy_header.and_then(text)) else { return Ok(versions.default) };
        let requested: Requested = wanted.parse().map_err(|_| {
            Fault::bad_request(format!(
                "Invalid microversion {wanted:?}: it is of the form MAJOR.MINOR, or \"latest\"."
            ))
        })?;
        requested.within(versions.min, versions.max).ok_or_else(|| {
            let (min, max) = (versions.min, versions.max);
            Fault::not_acceptable(format!(
                "Version {wanted} is not supported by the API. Minimum is {min} and maximum is {max}."
            ))
        })
    }

    fn finish(&self, mut response: Response, request_id: &str, version: Option<Microversion>) -> Response {
        if let Some(refusal) = gate::refusal(&mut response) {
            let (status, body) = self.dialect.render(&refusal, request_id);
            let mut rendered = Response::new(Body::from(body.to_string()));
            *rendered.status_mut() = status;
            rendered.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if status == axum::http::StatusCode::UNAUTHORIZED {
                rendered.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Keystone"));
            }
            response = rendered;
        }
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(request_id) {
            if self.name == "compute" {
                headers.insert("x-compute-request-id", id.clone());
            }
            headers.insert("x-openstack-request-id", id);
        }
        if let Some(versions) = &self.versions {
            let shown = version.unwrap_or(versions.default);
            if let Ok(value) = HeaderValue::from_str(&format!("{} {shown}", versions.service)) {
                headers.insert("openstack-api-version", value);
            }
            headers.append(header::VARY, HeaderValue::from_static("OpenStack-API-Version"));
            if let Some(legacy) = versions.legacy_header
                && let Ok(value) = HeaderValue::from_str(&shown.to_string())
            {
                headers.insert(HeaderName::from_static(legacy), value);
                headers.append(header::VARY, HeaderValue::from_static(legacy));
            }
        }
        response
    }
}

/// The outermost layer of a service: the request's id and version on the way in, faults and headers on the way out.
async fn edge(State(service): State<Arc<Service>>, mut request: Request, next: Next) -> Response {
    let clock = ferrostack_base::Clock::system();
    let start = clock.now();
    let method = request.method().clone();
    let request_id = format!("req-{}", uuid::Uuid::new_v4().hyphenated());
    let mut cx = Ctx::new(request_id.as_str(), service.gate.policy.clone());
    let global = request.headers().get("x-openstack-request-id").and_then(|value| value.to_str().ok());
    if let Some(global) = global.filter(|id| is_request_id(id)) {
        cx = cx.with_global_request_id(global);
    }
    let negotiated = service.negotiate(&request);
    let version = negotiated.as_ref().ok().copied();
    let response = match negotiated {
        Ok(version) => {
            let span = tracing::info_span!("request", request_id, method = %method, path = request.uri().path());
            request.extensions_mut().insert(cx.with_microversion(version));
            next.run(request).instrument(span).await
        }
        Err(fault) => fault.into_response(),
    };
    let response = service.finish(response, &request_id, version);
    if let Some(observer) = &service.observer {
        let took = u64::try_from(clock.now().since(start).as_micros()).unwrap_or(u64::MAX);
        observer.answered(service.name, &method, response.status().as_u16(), took);
    }
    response
}

/// `req-` and a UUID, as other services make them; anything else a client sends is not kept.
fn is_request_id(text: &str) -> bool {
    text.strip_prefix("req-").is_some_and(|uuid| uuid.len() == 36 && uuid::Uuid::try_parse(uuid).is_ok())
}
