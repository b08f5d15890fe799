//! Key pairs.

use ferrostack_db::{DbError, FromRow, Read, Row, Sql, Tx, args};

use crate::model::KeyPair;

const COLUMNS: &str = "SELECT id, number, user_id, name, public_key, fingerprint, created_us FROM keypair";

impl FromRow for KeyPair {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            number: row.get("number")?,
            user_id: row.get("user_id")?,
            name: row.get("name")?,
            public_key: row.get("public_key")?,
            fingerprint: row.get("fingerprint")?,
            created: row.get("created_us")?,
        })
    }
}

/// Writes a new key pair; `Duplicate` when the user has one of that name.
pub(crate) async fn insert(tx: &Tx, pair: &KeyPair) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO keypair (id, number, user_id, name, public_key, fingerprint, created_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
        args![pair.id, pair.number, pair.user_id, pair.name, pair.public_key, pair.fingerprint, pair.created],
    )
    .await?;
    Ok(())
}

/// The user's key pair of that name.
pub(crate) async fn find(db: &impl Read, user_id: &str, name: &str) -> Result<Option<KeyPair>, DbError> {
    db.find(format!("{COLUMNS} WHERE user_id = ? AND name = ?"), args![user_id, name]).await
}

/// The user's key pairs after the one of that name.
pub(crate) async fn list(
    db: &impl Read,
    user_id: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<KeyPair>, DbError> {
    let mut sql = Sql::new(
        "SELECT id, number, user_id, name, public_key, fingerprint, created_us FROM keypair WHERE user_id = ?",
    );
    sql.bind(user_id);
    if let Some(name) = after {
        sql.and("name > ?", name);
    }
    sql.push(" ORDER BY name LIMIT ?").bind(limit);
    db.list(sql).await
}

/// Removes it; `false` when it was gone.
pub(crate) async fn delete(tx: &Tx, pair: &KeyPair) -> Result<bool, DbError> {
    tx.changed("DELETE FROM keypair WHERE id = ?", args![pair.id]).await
}

/// All key pairs' ids, for the quota's reconciler.
pub(crate) async fn ids(db: &impl Read) -> Result<Vec<String>, DbError> {
    db.all("SELECT id FROM keypair", vec![]).await?.iter().map(|row| row.at(0)).collect()
}
