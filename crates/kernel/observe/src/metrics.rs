//! Counters for Prometheus.

use std::{
    fmt::{self, Write},
    sync::Arc,
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text::encode},
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
    },
    registry::Registry,
};

/// From half a millisecond, where most reads are, to ten seconds.
const REQUEST_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From the deletion of a port to a build that tries several hosts.
const OPERATION_SECONDS: [f64; 12] = [0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0, 60.0, 300.0, 1800.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    service: &'static str,
    method: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    service: &'static str,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    kind: &'static str,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// How a durable operation ended, or stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every step succeeded.
    Done,
    /// A step failed and what was done is undone.
    Failed,
    /// Another operation overtook it.
    Superseded,
    /// Undoing failed; an operator must look at it.
    Stuck,
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Stuck => "stuck",
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// All metrics of a process. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Request, Counter>,
    request_seconds: Family<Route, Histogram, Buckets>,
    operations: Family<Ended, Counter>,
    operation_seconds: Family<OfKind, Histogram, Buckets>,
    operations_running: Family<OfKind, Gauge>,
}

/// The metrics cannot be written as text.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the metrics")]
pub struct RenderError(#[from] fmt::Error);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// With nothing counted yet.
    pub fn new() -> Self {
        let requests = Family::default();
        let request_seconds = Family::new_with_constructor(Buckets(&REQUEST_SECONDS));
        let operations = Family::default();
        let operation_seconds = Family::new_with_constructor(Buckets(&OPERATION_SECONDS));
        let operations_running = Family::default();
        let mut registry = Registry::with_prefix("ferrostack");
        registry.register("requests", "API requests answered", requests.clone());
        registry.register("request_seconds", "Time from a request's arrival to its answer", request_seconds.clone());
        registry.register("operations", "Durable operations ended", operations.clone());
        registry.register(
            "operation_seconds",
            "Time from the acceptance of an operation to its end",
            operation_seconds.clone(),
        );
        registry.register("operations_running", "Durable operations under way here", operations_running.clone());
        let registry = Arc::new(registry);
        Self { registry, requests, request_seconds, operations, operation_seconds, operations_running }
    }

    /// A request of `service` (its official type) was answered. Allocates only the first time for the same labels.
    pub fn request(&self, service: &'static str, method: &str, status: u16, took: Duration) {
        let method = method_label(method);
        self.requests.get_or_create(&Request { service, method, status: status.into() }).inc();
        self.request_seconds.get_or_create(&Route { service, method }).observe(took.as_secs_f64());
    }

    /// This process began or took over an operation.
    pub fn operation_started(&self, kind: &'static str) {
        self.operations_running.get_or_create(&OfKind { kind }).inc();
    }

    /// An operation that this process carried on ended; `took` counts from its acceptance.
    pub fn operation_ended(&self, kind: &'static str, outcome: Outcome, took: Duration) {
        self.operations_running.get_or_create(&OfKind { kind }).dec();
        self.operations.get_or_create(&Ended { kind, outcome }).inc();
        self.operation_seconds.get_or_create(&OfKind { kind }).observe(took.as_secs_f64());
    }

    /// This process carries an operation on no more: another controller took it over.
    pub fn operation_lost(&self, kind: &'static str) {
        self.operations_running.get_or_create(&OfKind { kind }).dec();
    }

    /// The text that Prometheus reads (OpenMetrics 1.0).
    ///
    /// # Errors
    /// [`RenderError`] when a metric cannot be written.
    pub fn render(&self) -> Result<String, RenderError> {
        let mut text = String::with_capacity(4096);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// The content type of [`Metrics::render`].
    pub const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A method as a label: clients may send any word, labels are a few.
pub fn method_label(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_service_method_and_status() {
        let metrics = Metrics::new();
        for _ in 0..3 {
            metrics.clone().request("compute", "GET", 200, Duration::from_millis(2));
        }
        metrics.request("compute", "BREW", 405, Duration::from_secs(20));
        let text = metrics.render().unwrap();
        for line in [
            r#"ferrostack_requests_total{service="compute",method="GET",status="200"} 3"#,
            r#"ferrostack_requests_total{service="compute",method="OTHER",status="405"} 1"#,
            r#"ferrostack_request_seconds_bucket{le="0.0025",service="compute",method="GET"} 3"#,
            r#"ferrostack_request_seconds_bucket{le="0.001",service="compute",method="GET"} 0"#,
            r#"ferrostack_request_seconds_bucket{le="10.0",service="compute",method="OTHER"} 0"#,
            r#"ferrostack_request_seconds_count{service="compute",method="OTHER"} 1"#,
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn operations_are_counted_by_kind_and_outcome() {
        let metrics = Metrics::new();
        metrics.operation_started("create_server");
        metrics.operation_started("create_server");
        metrics.operation_started("create_server");
        metrics.operation_ended("create_server", Outcome::Failed, Duration::from_secs(3));
        metrics.operation_lost("create_server");
        let text = metrics.render().unwrap();
        for line in [
            r#"ferrostack_operations_total{kind="create_server",outcome="failed"} 1"#,
            r#"ferrostack_operations_running{kind="create_server"} 1"#,
            r#"ferrostack_operation_seconds_bucket{le="5.0",kind="create_server"} 1"#,
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
    }
}
