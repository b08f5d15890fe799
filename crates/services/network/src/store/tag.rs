//! Tags: in the resource's row for show and list, in a side table for filters.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, Json, Tx, args};

use crate::ids::Kind;

const fn update_sql(kind: Kind) -> &'static str {
    match kind {
        Kind::Network => {
            "UPDATE network SET tags = ?, revision = revision + 1, updated_us = ? WHERE id = ? AND revision = ?"
        }
        Kind::Subnet => {
            "UPDATE subnet SET tags = ?, revision = revision + 1, updated_us = ? WHERE id = ? AND revision = ?"
        }
        Kind::Port => "UPDATE port SET tags = ?, revision = revision + 1, updated_us = ? WHERE id = ? AND revision = ?",
        Kind::Router => {
            "UPDATE router SET tags = ?, revision = revision + 1, updated_us = ? WHERE id = ? AND revision = ?"
        }
        Kind::FloatingIp => {
            "UPDATE floating_ip SET tags = ?, revision = revision + 1, updated_us = ? WHERE id = ? AND revision = ?"
        }
        Kind::SecurityGroup | Kind::SecurityGroupRule => {
            "UPDATE security_group SET tags = ?, revision = revision + 1, updated_us = ? WHERE id = ? AND revision = ?"
        }
    }
}

/// Replaces the tags, if the row still has that revision.
pub(crate) async fn replace(
    tx: &Tx,
    kind: Kind,
    id: &str,
    revision: i64,
    tags: &[String],
    now: Timestamp,
) -> Result<bool, DbError> {
    if !tx.changed(update_sql(kind), args![Json(tags), now, id, revision]).await? {
        return Ok(false);
    }
    delete(tx, id).await?;
    insert(tx, id, tags).await?;
    Ok(true)
}

/// Adds tags of a new resource to the side table.
pub(crate) async fn insert(tx: &Tx, id: &str, tags: &[String]) -> Result<(), DbError> {
    let rows = tags.iter().map(|tag| args![id, tag]).collect();
    tx.insert_many("INSERT INTO network_tag (resource_id, tag) VALUES", rows).await
}

/// Forgets the tags of a resource.
pub(crate) async fn delete(tx: &Tx, id: &str) -> Result<(), DbError> {
    tx.exec("DELETE FROM network_tag WHERE resource_id = ?", args![id]).await.map(|_| ())
}
