//! The queue of the syncer: what may differ from OVN. Each change adds a row of its own, so that writers never wait for
//! each other here, and the syncer removes exactly the rows that it has seen.

use ferrostack_db::{DbError, Read, Tx, Value, args};
use uuid::Uuid;

use crate::ids::Kind;

/// A row of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dirty {
    /// Its own id; they grow with time.
    pub id: String,
    /// What changed.
    pub kind: Kind,
    /// Its id.
    pub resource_id: Uuid,
    /// The revision that it reached.
    pub revision: i64,
}

/// Something that changed.
pub(crate) type Changed = (Kind, Uuid, i64);

/// Puts changed resources into the queue.
pub(crate) async fn insert(tx: &Tx, changed: &[Changed]) -> Result<(), DbError> {
    let rows = changed
        .iter()
        .map(|(kind, id, revision)| args![Uuid::now_v7(), kind.word(), id, revision])
        .collect::<Vec<Vec<Value>>>();
    tx.insert_many("INSERT INTO network_sync (id, kind, resource_id, revision) VALUES", rows).await
}

/// The oldest rows.
pub(crate) async fn list(db: &impl Read, limit: usize) -> Result<Vec<Dirty>, DbError> {
    let rows =
        db.all("SELECT id, kind, resource_id, revision FROM network_sync ORDER BY id LIMIT ?", args![limit]).await?;
    let mut dirty = Vec::with_capacity(rows.len());
    for row in rows {
        let word: String = row.at(1)?;
        let kind = Kind::from_word(&word).ok_or_else(|| DbError::Decode {
            column: "kind".to_owned(),
            wanted: "a kind of resource",
            found: word.chars().take(40).collect(),
        })?;
        dirty.push(Dirty { id: row.at(0)?, kind, resource_id: row.at(2)?, revision: row.at(3)? });
    }
    Ok(dirty)
}

/// Removes rows that were carried out.
pub(crate) async fn delete(tx: &Tx, rows: &[Dirty]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        let marks = vec!["?"; chunk.len()].join(", ");
        let ids = chunk.iter().map(|row| Value::Text(row.id.clone())).collect();
        tx.exec(format!("DELETE FROM network_sync WHERE id IN ({marks})"), ids).await?;
    }
    Ok(())
}
