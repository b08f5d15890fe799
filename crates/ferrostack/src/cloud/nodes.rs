//! The nodes as `status` shows them.

use std::time::Duration;

use ferrostack_base::{Clock, Timestamp};
use ferrostack_db::{Db, DbError, Read};

use crate::health::{Health, Part};

/// The nodes, each with its health; those that were silent for longer than `patience` are down.
///
/// # Errors
/// What the database says.
pub async fn nodes(db: &Db, patience: Duration) -> Result<Vec<Part>, DbError> {
    let now = Clock::system().now();
    let rows =
        db.all("SELECT name, disabled, disabled_reason, last_seen_us FROM compute_node ORDER BY name", vec![]).await?;
    rows.iter()
        .map(|row| {
            let (seen, disabled): (Timestamp, bool) = (row.get("last_seen_us")?, row.get("disabled")?);
            let silence = now.since(seen);
            let (health, reason) = if silence > patience {
                (Health::Down, Some(format!("silent for {} s", silence.as_secs())))
            } else if disabled {
                (
                    Health::Degraded,
                    row.get::<Option<String>>("disabled_reason")?.or_else(|| Some("disabled".to_owned())),
                )
            } else {
                (Health::Healthy, None)
            };
            Ok(Part { name: row.get("name")?, health, reason, since: Some(seen) })
        })
        .collect()
}
