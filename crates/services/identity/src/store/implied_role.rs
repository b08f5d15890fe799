//! Which roles imply which.

use ferrostack_db::{DbError, FromRow, Read, Row, Tx, args};

use crate::RoleId;

/// Who has `prior` has `implied` as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Implication {
    pub(crate) prior: RoleId,
    pub(crate) implied: RoleId,
}

impl FromRow for Implication {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { prior: row.get("prior_role_id")?, implied: row.get("implied_role_id")? })
    }
}

pub(crate) async fn get(db: &impl Read, prior: &RoleId, implied: &RoleId) -> Result<Option<Implication>, DbError> {
    let sql = "SELECT prior_role_id, implied_role_id FROM identity_implied_role WHERE prior_role_id = ? AND implied_role_id = ?";
    db.find(sql, args![prior, implied]).await
}

pub(crate) async fn list(db: &impl Read) -> Result<Vec<Implication>, DbError> {
    let sql =
        "SELECT prior_role_id, implied_role_id FROM identity_implied_role ORDER BY prior_role_id, implied_role_id";
    db.rows(sql, args![]).await
}

/// Adds a rule that may be there already.
pub(crate) async fn insert(tx: &Tx, prior: &RoleId, implied: &RoleId) -> Result<(), DbError> {
    if get(tx, prior, implied).await?.is_some() {
        return Ok(());
    }
    let sql = "INSERT INTO identity_implied_role (prior_role_id, implied_role_id) VALUES (?, ?)";
    tx.exec(sql, args![prior, implied]).await.map(drop)
}

pub(crate) async fn delete(tx: &Tx, prior: &RoleId, implied: &RoleId) -> Result<bool, DbError> {
    tx.changed(
        "DELETE FROM identity_implied_role WHERE prior_role_id = ? AND implied_role_id = ?",
        args![prior, implied],
    )
    .await
}
