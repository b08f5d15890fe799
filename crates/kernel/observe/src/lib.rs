//! What the program says about itself: the log and the metrics.
//!
//! Log lines carry `request_id`, `project` and `resource` from the span that they are written in; [`request_span`] and
//! [`operation_span`] are the two kinds of span. In the journal the fields are searchable by their names in capitals:
//! `journalctl REQUEST_ID=req-...`.
//!
//! Levels: `error` means that somebody must act; `warn` that something went wrong and was dealt with; `info` tells of
//! each operation and each change of state, once; `debug` is for whoever looks into a part; `trace` shows each step.
//!
//! [`Metrics`] counts requests and operations for Prometheus. Labels are fixed words, so that counting allocates
//! nothing and clients cannot make new series.

mod log;
mod metrics;
mod span;

pub use log::{Format, LogError, init};
pub use metrics::{Metrics, Outcome, RenderError, method_label};
pub use span::{operation_span, request_span};
