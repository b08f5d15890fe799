//! Why a resource is as it is: its rows, the scheduler's reasons, what the node has.

use ferrostack_compute::{ServerId, scheduling_reasons};
use ferrostack_db::{Db, Read, Row, args};

use crate::commands::explain::{Explained, Record, Verdict};

/// Columns that may hold what a user wants to keep.
const HIDDEN: [&str; 3] = ["user_data", "admin_password", "public_key"];

/// Looks the id up among servers; `None` when there is none.
///
/// # Errors
/// What the database says.
pub async fn explain(db: &Db, id: &str) -> anyhow::Result<Option<Explained>> {
    let Ok(server) = id.parse::<ServerId>() else { return Ok(None) };
    let Some(row) = db.one("SELECT * FROM server WHERE id = ?", args![server]).await? else { return Ok(None) };
    let mut explained = Explained {
        resource: format!("server {server}"),
        name: row.get("name")?,
        status: row.get("status")?,
        reason: fault(&row),
        rows: vec![Record::of("server", &row, &HIDDEN)],
        ..Explained::default()
    };
    for (table, sql) in [
        ("placement_allocation", "SELECT * FROM placement_allocation WHERE consumer = ?"),
        ("port", "SELECT * FROM port WHERE device_id = ?"),
    ] {
        let rows = db.all(sql, args![server]).await?;
        explained.rows.extend(rows.iter().map(|row| Record::of(table, row, &HIDDEN)));
    }
    let observed = db.all("SELECT * FROM domain WHERE server_id = ?", args![server]).await?;
    explained.observed = observed.iter().map(|row| Record::of("domain", row, &HIDDEN)).collect();
    if let Some(reasons) = scheduling_reasons(db, server).await? {
        for host in reasons.chosen {
            let attempt = reasons.attempts.iter().find(|attempt| attempt.host == host);
            let dropped = attempt.and_then(|attempt| attempt.reason.clone());
            explained.hosts.push(Verdict { host, dropped });
        }
        explained
            .hosts
            .extend(reasons.dropped.into_iter().map(|(host, reason)| Verdict { host, dropped: Some(reason) }));
    }
    Ok(Some(explained))
}

fn fault(row: &Row) -> Option<String> {
    let text: Option<String> = row.get("fault").ok()?;
    let fault: serde_json::Value = serde_json::from_str(&text?).ok()?;
    fault["message"].as_str().map(str::to_owned)
}
