//! What makes tokens invalid before their end.

use ferrostack_base::{Timestamp, new_hex_id};
use ferrostack_db::{DbError, FromRow, Read, Row, Sql, Tx, args};

/// Tokens of a subject that were issued up to a moment are invalid.
#[derive(Debug, Clone)]
pub(crate) struct Revocation {
    /// The audit id of one token, or the id of a user, project or domain.
    pub(crate) subject: String,
    /// Whether the subject is one token: then the time does not matter.
    pub(crate) is_token: bool,
    /// Tokens made at an earlier generation are meant.
    pub(crate) generation: i64,
    /// The same for tokens that do not tell theirs: those of this second or earlier.
    pub(crate) issued_before: Timestamp,
    /// When the last such token ends by itself, so that this row is of no use any more.
    pub(crate) expires: Timestamp,
}

impl FromRow for Revocation {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            subject: row.get("subject")?,
            is_token: row.get("is_token")?,
            generation: row.get("generation")?,
            issued_before: row.get("issued_before_us")?,
            expires: row.get("expires_us")?,
        })
    }
}

/// Adds one and forgets those that are of no use any more.
pub(crate) async fn insert(tx: &Tx, revocation: &Revocation, now: Timestamp) -> Result<(), DbError> {
    tx.exec("DELETE FROM identity_revocation WHERE expires_us < ?", args![now]).await?;
    let sql = "INSERT INTO identity_revocation (id, subject, is_token, generation, issued_before_us, expires_us)
        VALUES (?, ?, ?, ?, ?, ?)";
    let Revocation { subject, is_token, generation, issued_before, expires } = revocation;
    let args = args![new_hex_id(), subject, is_token, generation, issued_before, expires];
    tx.exec(sql, args).await.map(drop)
}

/// Those that concern one of the subjects.
pub(crate) async fn list(db: &impl Read, subjects: &[&str]) -> Result<Vec<Revocation>, DbError> {
    let mut sql = Sql::new(
        "SELECT subject, is_token, generation, issued_before_us, expires_us FROM identity_revocation WHERE 1 = 1",
    );
    sql.and_in("subject", subjects);
    db.list(sql).await
}
