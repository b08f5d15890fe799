//! Limits of single projects, and what they use.

use ferrostack_db::{DbError, FromRow, Read, Row, Tx, args};

/// A limit that a project has of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Whose.
    pub project_id: String,
    /// Of what.
    pub resource: String,
    /// How much; -1 is no limit.
    pub limit: i64,
}

/// What a project uses of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Of what.
    pub resource: String,
    /// How much.
    pub used: i64,
}

impl FromRow for Limit {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { project_id: row.at(0)?, resource: row.at(1)?, limit: row.at(2)? })
    }
}

impl FromRow for Usage {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { resource: row.at(0)?, used: row.at(1)? })
    }
}

/// The limits that a project has of its own; of all projects when none is named.
///
/// # Errors
/// What the database says.
pub async fn limits(db: &impl Read, project_id: Option<&str>) -> Result<Vec<Limit>, DbError> {
    match project_id {
        Some(id) => {
            let sql = "SELECT project_id, resource, hard_limit FROM quota_limit WHERE project_id = ? ORDER BY resource";
            db.rows(sql, args![id]).await
        }
        None => {
            let sql = "SELECT project_id, resource, hard_limit FROM quota_limit ORDER BY project_id, resource";
            db.rows(sql, vec![]).await
        }
    }
}

/// What a project uses, by resource. A resource that it never used is not there.
///
/// # Errors
/// What the database says.
pub async fn usages(db: &impl Read, project_id: &str) -> Result<Vec<Usage>, DbError> {
    db.rows("SELECT resource, used FROM quota_usage WHERE project_id = ? ORDER BY resource", args![project_id]).await
}

/// Gives a project a limit of its own.
///
/// # Errors
/// What the database says.
pub async fn set_limit(tx: &Tx, project_id: &str, resource: &str, limit: i64) -> Result<(), DbError> {
    let update = "UPDATE quota_limit SET hard_limit = ? WHERE project_id = ? AND resource = ?";
    if tx.changed(update, args![limit, project_id, resource]).await? {
        return Ok(());
    }
    let insert = "INSERT INTO quota_limit (project_id, resource, hard_limit) VALUES (?, ?, ?)";
    match tx.exec(insert, args![project_id, resource, limit]).await {
        Err(error) if error.is_duplicate() => tx.exec(update, args![limit, project_id, resource]).await.map(|_| ()),
        other => other.map(|_| ()),
    }
}

/// Takes a project's own limits of the resources beginning with `prefix` away; tells whether it had any.
///
/// # Errors
/// What the database says.
pub async fn remove_limits(tx: &Tx, project_id: &str, prefix: &str) -> Result<bool, DbError> {
    let length = i64::try_from(prefix.len()).unwrap_or(i64::MAX);
    tx.changed(
        "DELETE FROM quota_limit WHERE project_id = ? AND SUBSTR(resource, 1, ?) = ?",
        args![project_id, length, prefix],
    )
    .await
}
