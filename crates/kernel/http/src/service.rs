//! A service at its prefix.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use ferrostack_auth::{Ctx, Microversion};
use tracing::Instrument;

use crate::{Dialect, Fault, FaultKind, Gate, Routes, Versions, dialect::Asked, gate};

/// Watches requests, for metrics.
pub trait Observer: Send + Sync {
    /// A request was answered.
    fn answered(&self, service: &'static str, method: &axum::http::Method, status: u16, took_us: u64);
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
        let mut paths: Vec<(&'static str, Vec<Method>, MethodRouter<S>)> = Vec::new();
        for (info, method_router) in routes.list {
            let (path, method) = (info.path, info.method.clone());
            let guarded =
                method_router.layer(middleware::from_fn_with_state((self.gate.clone(), Arc::new(info)), gate::guard));
            match paths.iter_mut().find(|(known, ..)| *known == path) {
                None => paths.push((path, vec![method], guarded)),
                Some((_, methods, routers)) => {
                    methods.push(method);
                    *routers = std::mem::take(routers).merge(guarded);
                }
            }
        }
        let mut router = Router::new();
        for (path, methods, routers) in paths {
            let allow = self.dialect.allow(&methods);
            router = router.route(path, routers.fallback(move |method| not_allowed(method, allow.clone())));
        }
        router
            .fallback(|| async { Fault::missing("The resource could not be found.") })
            .with_state(state)
            .layer(middleware::from_fn_with_state(Arc::new(self), edge))
    }

    fn negotiate(&self, request: &Request) -> Result<Microversion, Fault> {
        match &self.versions {
            Some(versions) => versions.negotiate(self.dialect, request.headers()),
            None => Ok(Microversion::UNVERSIONED),
        }
    }

    fn finish(&self, mut response: Response, asked: Asked<'_>) -> Response {
        let version = asked.version;
        if let Some(refusal) = gate::refusal(&mut response) {
            let (status, media_type, body) = self.dialect.render(&refusal, &asked);
            *response.status_mut() = status;
            *response.body_mut() = Body::from(body);
            let headers = response.headers_mut();
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            if status == axum::http::StatusCode::UNAUTHORIZED {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Keystone"));
            }
        }
        let request_id = asked.request_id;
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
            headers.append(header::VARY, HeaderValue::from_static("openstack-api-version"));
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

/// 405 with what is allowed instead.
async fn not_allowed(method: Method, allow: HeaderValue) -> Response {
    let fault =
        Fault::of(FaultKind::MethodNotAllowed, format!("The method {method} is not allowed for this resource."));
    ([(header::ALLOW, allow)], fault).into_response()
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
    let accept = request.headers().get(header::ACCEPT).cloned();
    let mut asked = Asked {
        request_id: &request_id,
        accept: accept.as_ref().and_then(|value| value.to_str().ok()),
        version: negotiated.as_ref().ok().copied(),
        supported: None,
    };
    let response = match negotiated {
        Ok(version) => {
            let span = tracing::info_span!("request", request_id, method = %method, path = request.uri().path());
            request.extensions_mut().insert(cx.with_microversion(version));
            next.run(request).instrument(span).await
        }
        Err(fault) => {
            let unknown = fault.kind == FaultKind::NotAcceptable;
            asked.supported = service.versions.filter(|_| unknown).map(|versions| (versions.min, versions.max));
            fault.into_response()
        }
    };
    let response = service.finish(response, asked);
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
