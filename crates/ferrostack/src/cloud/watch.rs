//! Requests as Prometheus counts them.

use std::{sync::Arc, time::Duration};

use ferrostack_http::{
    Observer,
    axum::{
        Router,
        http::{Method, StatusCode, header},
        response::IntoResponse,
        routing::get,
    },
};
use ferrostack_observe::Metrics;

/// Counts what services answer.
pub(super) struct Watch(pub(super) Arc<Metrics>);

impl Observer for Watch {
    fn answered(&self, service: &'static str, method: &Method, status: u16, took_us: u64) {
        self.0.request(service, method.as_str(), status, Duration::from_micros(took_us));
    }
}

/// `/metrics` for Prometheus and `/healthcheck` for load balancers.
pub(super) fn routes(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/healthcheck", get(|| async { "OK" })).route(
        "/metrics",
        get(move || {
            let metrics = metrics.clone();
            async move {
                match metrics.render() {
                    Ok(text) => ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], text).into_response(),
                    Err(error) => {
                        tracing::error!(%error, "metrics");
                        StatusCode::INTERNAL_SERVER_ERROR.into_response()
                    }
                }
            }
        }),
    )
}
