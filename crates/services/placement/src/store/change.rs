//! The counter of changes; see the room's theory of operation.

use ferrostack_db::{Db, DbError, FromRow, Read, Row, Tx, args};
use uuid::Uuid;

use crate::view::Epoch;

/// The counter's value inside a transaction that has begun.
pub(crate) const SEQ: &str = "(SELECT seq FROM placement_change WHERE id = 1)";

/// What the counter row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The last change.
    pub(crate) seq: i64,
    /// The last change of custom names.
    pub(crate) names_seq: i64,
    /// The last deletion of a provider.
    pub(crate) deleted_seq: i64,
}

impl FromRow for Marks {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { seq: row.get("seq")?, names_seq: row.get("names_seq")?, deleted_seq: row.get("deleted_seq")? })
    }
}

/// Reads the counter row.
pub(crate) async fn marks(db: &Db) -> Result<Marks, DbError> {
    db.find("SELECT seq, names_seq, deleted_seq FROM placement_change WHERE id = 1", vec![])
        .await?
        .ok_or(DbError::Ended)
}

/// The random name of this database, given to it when its counter row was made (now, if there is none yet).
pub(crate) async fn origin(db: &Db) -> Result<String, DbError> {
    loop {
        if let Some(row) = db.one("SELECT origin FROM placement_change WHERE id = 1", vec![]).await? {
            return row.get("origin");
        }
        let origin = &Uuid::new_v4();
        let made = db
            .tx(|tx| async move {
                let insert =
                    "INSERT INTO placement_change (id, seq, names_seq, deleted_seq, origin) VALUES (1, 0, 0, 0, ?)";
                tx.exec(insert, args![origin]).await
            })
            .await;
        match made {
            // Another controller made it at the same time: read its row.
            Err(error) if error.is_duplicate() => {}
            other => drop(other?),
        }
    }
}

/// The first statement of every transaction that writes. `epoch` proves that the counter row exists, and tells this
/// process's readers of the change once it is committed.
pub(crate) async fn begin(tx: &Tx, epoch: &Epoch) -> Result<(), DbError> {
    if !tx.changed("UPDATE placement_change SET seq = seq + 1 WHERE id = 1", vec![]).await? {
        return Err(DbError::Ended);
    }
    let epoch = epoch.clone();
    tx.after_commit(move || epoch.advance());
    Ok(())
}

/// Notes that custom names changed.
pub(crate) async fn names_changed(tx: &Tx) -> Result<(), DbError> {
    tx.exec("UPDATE placement_change SET names_seq = seq WHERE id = 1", vec![]).await.map(drop)
}

/// Notes that a provider was deleted.
pub(crate) async fn provider_deleted(tx: &Tx) -> Result<(), DbError> {
    tx.exec("UPDATE placement_change SET deleted_seq = seq WHERE id = 1", vec![]).await.map(drop)
}
