//! The nodes as `status` shows them.

use ferrostack_base::{Clock, Timestamp};
use ferrostack_db::{Db, DbError, Read};

use crate::health::{Health, Part};

/// Nodes that were silent for longer than this are down. The command has no settings of the controllers at hand.
const SILENCE_S: u64 = 60;

/// The nodes, each with its health.
///
/// # Errors
/// What the database says.
pub async fn nodes(db: &Db) -> Result<Vec<Part>, DbError> {
    let now = Clock::system().now();
    let rows =
        db.all("SELECT name, disabled, disabled_reason, last_seen_us FROM compute_node ORDER BY name", vec![]).await?;
    rows.iter()
        .map(|row| {
            let (seen, disabled): (Timestamp, bool) = (row.get("last_seen_us")?, row.get("disabled")?);
            let silence = now.since(seen).as_secs();
            let (health, reason) = if silence > SILENCE_S {
                (Health::Down, Some(format!("silent for {silence} s")))
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
