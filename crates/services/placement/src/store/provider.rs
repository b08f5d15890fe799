//! Rows of providers, with their traits and aggregates.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};
use uuid::Uuid;

use super::change::{self, SEQ};

/// A provider's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderRow {
    pub(crate) uuid: Uuid,
    pub(crate) name: String,
    pub(crate) generation: i64,
    pub(crate) parent: Option<Uuid>,
    pub(crate) root: Uuid,
    pub(crate) traits: Vec<String>,
    pub(crate) aggregates: Vec<Uuid>,
    pub(crate) updated: Timestamp,
}

impl FromRow for ProviderRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            uuid: row.get("uuid")?,
            name: row.get("name")?,
            generation: row.get("generation")?,
            parent: row.get("parent")?,
            root: row.get("root")?,
            traits: row.get::<Json<Vec<String>>>("traits")?.0,
            aggregates: row.get::<Json<Vec<Uuid>>>("aggregates")?.0,
            updated: row.get("updated_us")?,
        })
    }
}

const COLUMNS: &str = "uuid, name, generation, parent, root, traits, aggregates, updated_us";

/// All providers stamped later than `seq`.
pub(crate) async fn list_changed(db: &impl Read, seq: i64) -> Result<Vec<ProviderRow>, DbError> {
    db.rows(format!("SELECT {COLUMNS} FROM placement_provider WHERE changed_seq > ?"), args![seq]).await
}

/// The ids of all providers.
pub(crate) async fn list_ids(db: &impl Read) -> Result<Vec<Uuid>, DbError> {
    db.all("SELECT uuid FROM placement_provider", vec![]).await?.iter().map(|row| row.get("uuid")).collect()
}

pub(crate) async fn find(db: &impl Read, uuid: Uuid) -> Result<Option<ProviderRow>, DbError> {
    db.find(format!("SELECT {COLUMNS} FROM placement_provider WHERE uuid = ?"), args![uuid]).await
}

/// Providers with that id or that name.
pub(crate) async fn list_alike(db: &impl Read, uuid: Uuid, name: &str) -> Result<Vec<ProviderRow>, DbError> {
    db.rows(format!("SELECT {COLUMNS} FROM placement_provider WHERE uuid = ? OR name = ?"), args![uuid, name]).await
}

/// All providers of the tree with that root.
pub(crate) async fn list_tree(db: &impl Read, root: Uuid) -> Result<Vec<ProviderRow>, DbError> {
    db.rows(format!("SELECT {COLUMNS} FROM placement_provider WHERE root = ?"), args![root]).await
}

pub(crate) async fn insert(tx: &Tx, row: &ProviderRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO placement_provider (uuid, name, generation, parent, root, traits, aggregates, created_us, updated_us, changed_seq)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, {SEQ})"
    );
    let (traits, aggregates) = (Json(&row.traits), Json(&row.aggregates));
    let values =
        args![row.uuid, row.name, row.generation, row.parent, row.root, traits, aggregates, row.updated, row.updated];
    tx.exec(sql, values).await.map(drop)
}

/// Gives it another name, parent and root.
pub(crate) async fn update(
    tx: &Tx,
    uuid: Uuid,
    name: &str,
    parent: Option<Uuid>,
    root: Uuid,
    now: Timestamp,
) -> Result<(), DbError> {
    let sql = format!(
        "UPDATE placement_provider SET name = ?, parent = ?, root = ?, updated_us = ?, changed_seq = {SEQ} WHERE uuid = ?"
    );
    tx.exec(sql, args![name, parent, root, now, uuid]).await.map(drop)
}

/// Moves providers to the tree with that root.
pub(crate) async fn update_roots(tx: &Tx, uuids: &[Uuid], root: Uuid) -> Result<(), DbError> {
    set_where(tx, "root = ?", args![root], uuids).await
}

/// Raises the generation if it is still `expected`; without `expected`, in any case. `false` when nothing was changed.
pub(crate) async fn bump(tx: &Tx, uuid: Uuid, expected: Option<i64>, now: Timestamp) -> Result<bool, DbError> {
    let mut sql = format!(
        "UPDATE placement_provider SET generation = generation + 1, updated_us = ?, changed_seq = {SEQ} WHERE uuid = ?"
    );
    let mut values = args![now, uuid];
    if let Some(expected) = expected {
        sql.push_str(" AND generation = ?");
        values.extend(args![expected]);
    }
    tx.changed(sql, values).await
}

/// Raises the generations of all of them.
pub(crate) async fn bump_all(tx: &Tx, uuids: &[Uuid], now: Timestamp) -> Result<(), DbError> {
    set_where(tx, "generation = generation + 1, updated_us = ?", args![now], uuids).await
}

/// Stamps providers whose usage changed, without a new generation.
pub(crate) async fn stamp(tx: &Tx, uuids: &[Uuid]) -> Result<(), DbError> {
    set_where(tx, "updated_us = updated_us", vec![], uuids).await
}

async fn set_where(
    tx: &Tx,
    assignments: &str,
    mut values: Vec<ferrostack_db::Value>,
    uuids: &[Uuid],
) -> Result<(), DbError> {
    if uuids.is_empty() {
        return Ok(());
    }
    let marks = vec!["?"; uuids.len()].join(", ");
    let sql = format!("UPDATE placement_provider SET {assignments}, changed_seq = {SEQ} WHERE uuid IN ({marks})");
    values.extend(uuids.iter().flat_map(|uuid| args![uuid]));
    tx.exec(sql, values).await.map(drop)
}

/// Replaces the traits and raises the generation if it is still `expected`.
pub(crate) async fn set_traits(
    tx: &Tx,
    uuid: Uuid,
    expected: i64,
    traits: &[String],
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = format!(
        "UPDATE placement_provider SET traits = ?, generation = generation + 1, updated_us = ?, changed_seq = {SEQ}
         WHERE uuid = ? AND generation = ?"
    );
    tx.changed(sql, args![Json(traits), now, uuid, expected]).await
}

/// Replaces the aggregates; with `expected` it raises the generation if it is still that.
pub(crate) async fn set_aggregates(
    tx: &Tx,
    uuid: Uuid,
    expected: Option<i64>,
    aggregates: &[Uuid],
    now: Timestamp,
) -> Result<bool, DbError> {
    if expected.is_some() && !bump(tx, uuid, expected, now).await? {
        return Ok(false);
    }
    let sql = format!("UPDATE placement_provider SET aggregates = ?, changed_seq = {SEQ} WHERE uuid = ?");
    tx.changed(sql, args![Json(aggregates), uuid]).await
}

/// Whether any provider has that parent.
pub(crate) async fn has_children(tx: &Tx, uuid: Uuid) -> Result<bool, DbError> {
    Ok(tx.one("SELECT uuid FROM placement_provider WHERE parent = ? LIMIT 1", args![uuid]).await?.is_some())
}

/// Deletes the provider and its inventories.
pub(crate) async fn delete(tx: &Tx, uuid: Uuid) -> Result<bool, DbError> {
    tx.exec("DELETE FROM placement_inventory WHERE provider = ?", args![uuid]).await?;
    let gone = tx.changed("DELETE FROM placement_provider WHERE uuid = ?", args![uuid]).await?;
    change::provider_deleted(tx).await?;
    Ok(gone)
}

/// The generations of these providers.
pub(crate) async fn generations(db: &impl Read, uuids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM placement_provider WHERE 1 = 1").and_in("uuid", uuids);
    Ok(db.list::<ProviderRow>(sql).await?.into_iter().map(|row| (row.uuid, row.generation)).collect())
}
