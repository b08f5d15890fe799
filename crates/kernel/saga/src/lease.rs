//! The lease of this controller's incarnation (R3).

use std::time::Duration;

use ferrostack_base::Timestamp;
use ferrostack_db::{Db, DbError, Engine, Read, args};

/// Takes a new incarnation's lease. Earlier incarnations of the same node have ended: the node's state directory is
/// locked by this process. With SQLite there is no other controller at all.
pub(crate) async fn take(db: &Db, incarnation: &str, node: &str, lapse: Duration) -> Result<(), DbError> {
    let now = db.now().await?;
    let alone = db.engine() == Engine::Sqlite && !db.clock().is_manual();
    db.tx(|tx| async move {
        tx.exec("DELETE FROM controller_lease WHERE node = ?", args![node]).await?;
        if alone {
            tx.exec("DELETE FROM controller_lease", vec![]).await?;
        }
        tx.exec(
            "INSERT INTO controller_lease (incarnation, node, started_us, expires_us) VALUES (?, ?, ?, ?)",
            args![incarnation, node, now, now + lapse],
        )
        .await?;
        Ok::<_, DbError>(())
    })
    .await
}

/// Renews the lease; `false` when it has lapsed already, so that others may have claimed our operations.
pub(crate) async fn renew(db: &Db, incarnation: &str, lapse: Duration) -> Result<bool, DbError> {
    let now = db.now().await?;
    db.tx(|tx| async move {
        tx.changed(
            "UPDATE controller_lease SET expires_us = ? WHERE incarnation = ? AND expires_us > ?",
            args![now + lapse, incarnation, now],
        )
        .await
    })
    .await
}

/// Gives the lease up, at an orderly stop.
pub(crate) async fn give_up(db: &Db, incarnation: &str) -> Result<(), DbError> {
    db.tx(|tx| async move {
        tx.exec("DELETE FROM controller_lease WHERE incarnation = ?", args![incarnation]).await?;
        Ok::<_, DbError>(())
    })
    .await
}

/// A controller as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// Its incarnation.
    pub incarnation: String,
    /// Its node.
    pub node: String,
    /// Since when.
    pub started: Timestamp,
    /// Until when its lease holds.
    pub expires: Timestamp,
}

/// All incarnations that have a lease, lapsed or not.
pub(crate) async fn list(db: &impl Read) -> Result<Vec<Controller>, DbError> {
    let rows = db
        .all("SELECT incarnation, node, started_us, expires_us FROM controller_lease ORDER BY started_us", vec![])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Controller {
                incarnation: row.get("incarnation")?,
                node: row.get("node")?,
                started: row.get("started_us")?,
                expires: row.get("expires_us")?,
            })
        })
        .collect()
}
