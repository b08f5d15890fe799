//! How something does, and why: what `status` shows of everything.

use ferrostack_base::Timestamp;
use ferrostack_words::Words;
use serde::{Deserialize, Serialize};

/// How something does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Healthy,
    /// It works, or will by itself, and something is in the way.
    Degraded,
    /// It does not work; somebody must look.
    Down,
}

impl Health {
    /// The word for people.
    pub fn text(self, words: Words) -> String {
        words.text(match self {
            Self::Healthy => "cli.status.healthy",
            Self::Degraded => "cli.status.degraded",
            Self::Down => "cli.status.down",
        })
    }
}

/// A role, node or background task with its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// How it does.
    pub health: Health,
    /// Why it is not healthy, or what it did last.
    pub reason: Option<String>,
    /// Since when it runs, or when it was last heard of.
    #[serde(with = "time")]
    pub since: Option<Timestamp>,
}

impl Part {
    /// A reconciler by its name and what it said last.
    pub fn of_reconciler(name: &str, status: &ferrostack_reconcile::Status) -> Self {
        Self {
            name: name.to_owned(),
            health: if status.failed { Health::Degraded } else { Health::Healthy },
            reason: Some(status.said.clone()).filter(|said| !said.is_empty()),
            since: status.last,
        }
    }
}

/// Times in JSON as RFC 3339.
pub mod time {
    use ferrostack_base::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Writes a time, or null.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        time.map(Timestamp::to_iso_micros).serialize(serializer)
    }

    /// Reads a time, or null.
    ///
    /// # Errors
    /// It is no time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let parse = |text: String| Timestamp::parse(&text).ok_or_else(|| de::Error::custom(format!("no time: {text}")));
        text.map(parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_json_for_programs() {
        let status = ferrostack_reconcile::Status {
            last: Some(Timestamp::from_micros(1_795_201_430_000_123)),
            said: "3 ports are wrong".to_owned(),
            failed: true,
            runs: 7,
        };
        let part = Part::of_reconciler("port_binder", &status);
        let json = serde_json::to_string(&part).unwrap();
        assert_eq!(
            json,
            r#"{"name":"port_binder","health":"degraded","reason":"3 ports are wrong","since":"2026-11-20T19:03:50.000123Z"}"#
        );
        assert_eq!(serde_json::from_str::<Part>(&json).unwrap(), part);
    }

    #[test]
    fn the_worst_health_is_the_greatest() {
        assert_eq!([Health::Down, Health::Healthy, Health::Degraded].iter().max(), Some(&Health::Down));
    }
}
