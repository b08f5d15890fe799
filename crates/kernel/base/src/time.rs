//! Points in time as the database stores them: whole microseconds since the epoch, UTC.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// A point in time in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// `2026-11-20T19:03:50Z`, as compute, image and network write times.
    pub fn to_iso(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%SZ")
    }

    /// `2026-11-20T19:03:50.000123Z`, as identity writes them.
    pub fn to_iso_micros(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%.6fZ")
    }

    /// `2026-11-20T19:03:50.000123`, without a zone, as some compute attributes have it.
    pub fn to_iso_naive(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%.6f")
    }

    /// Parses an RFC 3339 time; one without a zone is taken as UTC, as the services' filters do.
    pub fn parse(text: &str) -> Option<Self> {
        let zoned = text.parse::<jiff::Timestamp>().ok();
        let instant = zoned.or_else(|| {
            let naive: jiff::civil::DateTime = text.parse().ok()?;
            naive.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        })?;
        Some(Self(instant.as_microsecond()))
    }

    fn format(self, format: &str) -> String {
        let instant = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        instant.strftime(format).to_string()
    }

    /// The time since `earlier`; zero when that lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_services_write_them() {
        let time = Timestamp::from_micros(1_795_201_430_000_123);
        assert_eq!(time.to_iso(), "2026-11-20T19:03:50Z");
        assert_eq!(time.to_iso_micros(), "2026-11-20T19:03:50.000123Z");
        assert_eq!(time.to_iso_naive(), "2026-11-20T19:03:50.000123");
    }

    #[test]
    fn times_are_read_with_and_without_zone() {
        let time = Timestamp::from_secs(1_795_201_430);
        for text in ["2026-11-20T19:03:50Z", "2026-11-20T19:03:50", "2026-11-20T20:03:50+01:00", "2026-11-20 19:03:50"]
        {
            assert_eq!(Timestamp::parse(text), Some(time), "{text}");
        }
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
