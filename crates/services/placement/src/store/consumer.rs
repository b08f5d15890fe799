//! Rows of consumers.

use std::collections::{HashMap, hash_map::Entry};

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, Read, Row, Tx, args};
use uuid::Uuid;

use super::allocation::Held;

/// So many consumers are looked up by one statement.
const AT_ONCE: usize = 200;

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

/// Consumers with what they hold.
pub(crate) type Holdings = HashMap<Uuid, (ConsumerRow, Vec<Held>)>;

/// A consumer and what it holds.
pub(crate) async fn find(db: &impl Read, uuid: Uuid) -> Result<Option<(ConsumerRow, Vec<Held>)>, DbError> {
    Ok(find_many(db, &[uuid]).await?.remove(&uuid))
}

/// Those of the consumers that exist.
pub(crate) async fn find_many(db: &impl Read, uuids: &[Uuid]) -> Result<Holdings, DbError> {
    let mut found = Holdings::new();
    for part in uuids.chunks(AT_ONCE) {
        let marks = vec!["?"; part.len()].join(", ");
        let sql = format!(
            "SELECT c.uuid, c.generation, c.project_id, c.user_id, c.consumer_type, a.provider, a.class, a.used, a.created_us
            FROM placement_consumer c LEFT JOIN placement_allocation a ON a.consumer = c.uuid WHERE c.uuid IN ({marks})"
        );
        let values = part.iter().flat_map(|uuid| args![uuid]).collect();
        for row in &db.all(sql, values).await? {
            let uuid = row.get("uuid")?;
            let (_, held) = match found.entry(uuid) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert((consumer(row, uuid)?, Vec::new())),
            };
            if let Some(provider) = row.get::<Option<Uuid>>("provider")? {
                held.push(Held {
                    provider,
                    class: row.get("class")?,
                    used: row.get("used")?,
                    created: row.get("created_us")?,
                });
            }
        }
    }
    Ok(found)
}

fn consumer(row: &Row, uuid: Uuid) -> Result<ConsumerRow, DbError> {
    Ok(ConsumerRow {
        uuid,
        generation: row.get("generation")?,
        project_id: row.get("project_id")?,
        user_id: row.get("user_id")?,
        consumer_type: row.get("consumer_type")?,
    })
}

pub(crate) async fn insert_many(tx: &Tx, consumers: &[ConsumerRow], now: Timestamp) -> Result<(), DbError> {
    let rows = consumers.iter().map(|consumer| {
        args![
            consumer.uuid,
            consumer.generation,
            consumer.project_id,
            consumer.user_id,
            consumer.consumer_type,
            now,
            now
        ]
    });
    let insert = "INSERT INTO placement_consumer (uuid, generation, project_id, user_id, consumer_type, created_us, updated_us) VALUES";
    tx.insert_many(insert, rows.collect()).await
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
