//! Compute nodes.

use std::collections::HashMap;

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::model::ComputeNode;

const COLUMNS: &str =
    "SELECT id, number, name, facts, disabled, disabled_reason, zone, last_seen_us, registered_us FROM compute_node";

impl FromRow for ComputeNode {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            number: row.get("number")?,
            name: row.get("name")?,
            facts: row.get::<Json<_>>("facts")?.0,
            disabled: row.get("disabled")?,
            disabled_reason: row.get("disabled_reason")?,
            zone: row.get("zone")?,
            last_seen: row.get("last_seen_us")?,
            registered: row.get("registered_us")?,
        })
    }
}

/// Writes a new node.
pub(crate) async fn insert(tx: &Tx, node: &ComputeNode) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO compute_node (id, number, name, facts, disabled, disabled_reason, zone, last_seen_us, registered_us) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        args![
            node.id,
            node.number,
            node.name,
            Json(&node.facts),
            node.disabled,
            node.disabled_reason,
            node.zone,
            node.last_seen,
            node.registered
        ],
    )
    .await?;
    Ok(())
}

/// Writes what its agent says, and when. `false` when the node is not known.
pub(crate) async fn update_facts(tx: &Tx, node: &ComputeNode) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE compute_node SET name = ?, facts = ?, last_seen_us = ? WHERE id = ?",
        args![node.name, Json(&node.facts), node.last_seen, node.id],
    )
    .await
}

/// Writes what the operator wants. `false` when the node is not known.
pub(crate) async fn update_disabled(
    tx: &Tx,
    name: &str,
    disabled: bool,
    reason: Option<&str>,
) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE compute_node SET disabled = ?, disabled_reason = ? WHERE name = ?",
        args![disabled, reason, name],
    )
    .await
}

/// All nodes that ever joined, in the order of their names.
pub(crate) async fn list(db: &impl Read) -> Result<Vec<ComputeNode>, DbError> {
    db.rows(format!("{COLUMNS} ORDER BY name"), vec![]).await
}

/// The node of that name.
pub(crate) async fn find(db: &impl Read, name: &str) -> Result<Option<ComputeNode>, DbError> {
    db.find(format!("{COLUMNS} WHERE name = ?"), args![name]).await
}

/// A node's name and its zone.
struct Zoned(String, String);

impl FromRow for Zoned {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(row.at(0)?, row.at(1)?))
    }
}

/// The zones of those nodes.
pub(crate) async fn zones(db: &impl Read, names: &[&str]) -> Result<HashMap<String, String>, DbError> {
    let mut zones = HashMap::new();
    for chunk in names.chunks(200) {
        let mut sql = Sql::new("SELECT name, zone FROM compute_node WHERE 1 = 1");
        sql.and_in("name", chunk);
        zones.extend(db.list::<Zoned>(sql).await?.into_iter().map(|Zoned(name, zone)| (name, zone)));
    }
    Ok(zones)
}
