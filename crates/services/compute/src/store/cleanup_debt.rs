//! What silent nodes still have to clean up.

use ferrostack_base::{Fence, Timestamp};
use ferrostack_db::{DbError, FromRow, Read, Row, Tx, args};

use crate::model::ServerId;

/// A domain that must not be there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CleanupDebt {
    pub server: ServerId,
    pub host: String,
    /// Of the operation that wanted it gone.
    pub fence: Fence,
    /// Why it could not be done at once.
    pub reason: String,
    pub created: Timestamp,
}

impl FromRow for CleanupDebt {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            server: row.get("server_id")?,
            host: row.get("host")?,
            fence: row.get("fence")?,
            reason: row.get("reason")?,
            created: row.get("created_us")?,
        })
    }
}

/// Writes a debt down; the highest fence stays.
pub(crate) async fn put(tx: &Tx, debt: &CleanupDebt) -> Result<(), DbError> {
    let there = tx
        .one("SELECT fence FROM cleanup_debt WHERE server_id = ? AND host = ?", args![debt.server, debt.host])
        .await?;
    if there.is_some() {
        tx.exec(
            "UPDATE cleanup_debt SET fence = ?, reason = ? WHERE server_id = ? AND host = ? AND fence < ?",
            args![debt.fence, debt.reason, debt.server, debt.host, debt.fence],
        )
        .await?;
        return Ok(());
    }
    tx.exec(
        "INSERT INTO cleanup_debt (server_id, host, fence, reason, created_us) VALUES (?, ?, ?, ?, ?)",
        args![debt.server, debt.host, debt.fence, debt.reason, debt.created],
    )
    .await?;
    Ok(())
}

/// All debts, the oldest first.
pub(crate) async fn list(db: &impl Read) -> Result<Vec<CleanupDebt>, DbError> {
    db.rows("SELECT server_id, host, fence, reason, created_us FROM cleanup_debt ORDER BY created_us", vec![]).await
}

/// The debt is paid, unless it grew meanwhile.
pub(crate) async fn delete(tx: &Tx, debt: &CleanupDebt) -> Result<(), DbError> {
    tx.exec(
        "DELETE FROM cleanup_debt WHERE server_id = ? AND host = ? AND fence = ?",
        args![debt.server, debt.host, debt.fence],
    )
    .await?;
    Ok(())
}
