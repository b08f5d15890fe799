//! Rows of consumers.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, Read, Tx, args};
use uuid::Uuid;

use super::allocation::Held;

/// A consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsumerRow {
    pub(crate) uuid: Uuid,
    pub(crate) generation: i64,
    pub(crate) project_id: String,
    pub(crate) user_id: String,
    /// None for those that older clients made.
    pub(crate) consumer_type: Option<String>,
}

/// A consumer and what it holds.
pub(crate) async fn find(db: &impl Read, uuid: Uuid) -> Result<Option<(ConsumerRow, Vec<Held>)>, DbError> {
    let sql = "SELECT c.generation, c.project_id, c.user_id, c.consumer_type, a.provider, a.class, a.used, a.created_us
        FROM placement_consumer c LEFT JOIN placement_allocation a ON a.consumer = c.uuid WHERE c.uuid = ?";
    let rows = db.all(sql, args![uuid]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let consumer = ConsumerRow {
        uuid,
        generation: first.get("generation")?,
        project_id: first.get("project_id")?,
        user_id: first.get("user_id")?,
        consumer_type: first.get("consumer_type")?,
    };
    let mut held = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(provider) = row.get::<Option<Uuid>>("provider")? {
            held.push(Held {
                provider,
                class: row.get("class")?,
                used: row.get("used")?,
                created: row.get("created_us")?,
            });
        }
    }
    Ok(Some((consumer, held)))
}

pub(crate) async fn insert(tx: &Tx, consumer: &ConsumerRow, now: Timestamp) -> Result<(), DbError> {
    let sql =
        "INSERT INTO placement_consumer (uuid, generation, project_id, user_id, consumer_type, created_us, updated_us)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    let values = args![
        consumer.uuid,
        consumer.generation,
        consumer.project_id,
        consumer.user_id,
        consumer.consumer_type,
        now,
        now
    ];
    tx.exec(sql, values).await.map(drop)
}

/// Writes what changed and the next generation, if `consumer.generation` is still the stored one.
pub(crate) async fn update(tx: &Tx, consumer: &ConsumerRow, now: Timestamp) -> Result<bool, DbError> {
    let sql =
        "UPDATE placement_consumer SET generation = generation + 1, project_id = ?, user_id = ?, consumer_type = ?,
        updated_us = ? WHERE uuid = ? AND generation = ?";
    let values =
        args![consumer.project_id, consumer.user_id, consumer.consumer_type, now, consumer.uuid, consumer.generation];
    tx.changed(sql, values).await
}

/// Deletes it if the generation is still that.
pub(crate) async fn delete(tx: &Tx, uuid: Uuid, generation: i64) -> Result<bool, DbError> {
    tx.changed("DELETE FROM placement_consumer WHERE uuid = ? AND generation = ?", args![uuid, generation]).await
}
