//! The counter that tells caches apart: it grows with every change that a token in circulation could notice.

use ferrostack_db::{DbError, Read, Tx, args};

/// The counter as committed, or as this transaction sees it.
pub(crate) async fn get(db: &impl Read) -> Result<i64, DbError> {
    let row = db.one("SELECT generation FROM identity_generation WHERE id = 1", vec![]).await?;
    row.map_or(Ok(0), |row| row.get("generation"))
}

/// Raises the counter; its new value.
pub(crate) async fn raise(tx: &Tx) -> Result<i64, DbError> {
    tx.exec("UPDATE identity_generation SET generation = generation + 1 WHERE id = 1", args![]).await?;
    get(tx).await
}
