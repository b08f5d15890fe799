//! The reconciler's repair: usage follows the ledger.

use ferrostack_db::{Db, DbError, Read, args};

/// A usage that did not fit the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Whose.
    pub project_id: String,
    /// Of what.
    pub resource: String,
    /// What usage said.
    pub was: i64,
    /// What the ledger says.
    pub is: i64,
}

/// Compares usage with the ledger, repairs it, and says what was wrong. Idempotent; safe while others take and give
/// back, for each repair is one transaction that sums the ledger after it has locked the usage row.
///
/// # Errors
/// What the database says.
pub async fn recount(db: &Db) -> Result<Vec<Correction>, DbError> {
    let suspects = db
        .all(
            "SELECT u.project_id, u.resource FROM quota_usage u LEFT JOIN \
             (SELECT project_id, resource, CAST(SUM(amount) AS SIGNED) AS total FROM quota_ledger GROUP BY project_id, resource) l \
             ON l.project_id = u.project_id AND l.resource = u.resource WHERE u.used <> COALESCE(l.total, 0) \
             UNION SELECT l.project_id, l.resource FROM quota_ledger l LEFT JOIN quota_usage u \
             ON u.project_id = l.project_id AND u.resource = l.resource WHERE u.used IS NULL",
            vec![],
        )
        .await?;
    let mut corrections = Vec::new();
    for row in suspects {
        let (project_id, resource): (String, String) = (row.at(0)?, row.at(1)?);
        corrections.extend(repair(db, &project_id, &resource).await?);
    }
    Ok(corrections)
}

async fn repair(db: &Db, project_id: &str, resource: &str) -> Result<Option<Correction>, DbError> {
    db.tx(|tx| async move {
        // Locks the row, so that the sum cannot change before the repair is committed.
        let here = tx
            .changed("UPDATE quota_usage SET used = used WHERE project_id = ? AND resource = ?", args![project_id, resource])
            .await?;
        if !here {
            let insert = "INSERT INTO quota_usage (project_id, resource, used) VALUES (?, ?, 0)";
            match tx.exec(insert, args![project_id, resource]).await {
                Err(error) if !error.is_duplicate() => return Err(error),
                _ => {}
            }
        }
        let row = tx
            .one(
                "SELECT used, (SELECT CAST(COALESCE(SUM(amount), 0) AS SIGNED) FROM quota_ledger \
                 WHERE project_id = ? AND resource = ?) AS total FROM quota_usage WHERE project_id = ? AND resource = ?",
                args![project_id, resource, project_id, resource],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (was, is): (i64, i64) = (row.at(0)?, row.at(1)?);
        if was == is {
            return Ok(None);
        }
        tx.exec(
            "UPDATE quota_usage SET used = ? WHERE project_id = ? AND resource = ?",
            args![is, project_id, resource],
        )
        .await?;
        Ok(Some(Correction { project_id: project_id.to_owned(), resource: resource.to_owned(), was, is }))
    })
    .await
}
