//! What a run measured.

use serde::Serialize;

/// Latencies of one run in microseconds, and what went wrong.
#[derive(Default)]
pub(crate) struct Samples {
    micros: Vec<u64>,
    errors: u64,
    first_error: Option<String>,
    bytes: u64,
}

/// The figures of one run. Only successful requests (or cycles) count for rate and percentiles.
#[derive(Serialize, Debug, PartialEq)]
pub(crate) struct Report {
    /// Requests or cycles that succeeded
    done: u64,
    /// Those that did not
    errors: u64,
    /// The first thing that went wrong
    first_error: Option<String>,
    /// How long was measured
    seconds: f64,
    /// Successes per second
    per_second: f64,
    /// Median latency
    p50_ms: f64,
    /// 90th percentile
    p90_ms: f64,
    /// 99th percentile
    p99_ms: f64,
    /// The slowest
    max_ms: f64,
    /// Bytes of answer bodies per second, in units of 1,000,000
    megabytes_per_second: f64,
}

impl Samples {
    /// A success that took `micros` and brought `bytes` of body.
    pub(crate) fn success(&mut self, micros: u64, bytes: usize) {
        self.micros.push(micros);
        self.bytes += bytes as u64;
    }

    /// A failure; the text of the first one is kept.
    pub(crate) fn failure(&mut self, why: impl FnOnce() -> String) {
        self.errors += 1;
        self.first_error.get_or_insert_with(why);
    }

    /// Joins another client's samples to these.
    pub(crate) fn extend(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.errors += other.errors;
        self.bytes += other.bytes;
        if self.first_error.is_none() {
            self.first_error = other.first_error;
        }
    }

    /// The figures over `micros` of measuring.
    pub(crate) fn report(mut self, micros: u64) -> Report {
        self.micros.sort_unstable();
        let seconds = micros.max(1) as f64 / 1e6;
        let percentile = |share: f64| {
            // Nearest rank: the smallest sample that at least this share of all does not exceed.
            let rank = (share * self.micros.len() as f64).ceil() as usize;
            self.micros.get(rank.max(1) - 1).map_or(0.0, |micros| *micros as f64 / 1e3)
        };
        Report {
            done: self.micros.len() as u64,
            errors: self.errors,
            first_error: self.first_error.clone(),
            seconds,
            per_second: self.micros.len() as f64 / seconds,
            p50_ms: percentile(0.50),
            p90_ms: percentile(0.90),
            p99_ms: percentile(0.99),
            max_ms: percentile(1.0),
            megabytes_per_second: self.bytes as f64 / seconds / 1e6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let mut samples = Samples::default();
        for millis in (1..=100).rev() {
            samples.success(millis * 1000, 10_000);
        }
        let report = samples.report(2_000_000);
        assert_eq!((report.p50_ms, report.p90_ms, report.p99_ms, report.max_ms), (50.0, 90.0, 99.0, 100.0));
        assert_eq!((report.done, report.per_second, report.megabytes_per_second), (100, 50.0, 0.5));
    }

    #[test]
    fn failures_count_apart_and_the_first_is_kept() {
        let mut one = Samples::default();
        one.failure(|| "409".to_owned());
        one.failure(|| "500".to_owned());
        let mut all = Samples::default();
        all.extend(one);
        let report = all.report(1_000_000);
        assert_eq!((report.done, report.errors, report.first_error.as_deref()), (0, 2, Some("409")));
        assert_eq!(report.p99_ms, 0.0);
    }
}
