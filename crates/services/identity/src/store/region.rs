//! Regions.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{RegionId, store::Extra};

/// A region.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) id: RegionId,
    pub(crate) description: String,
    pub(crate) parent_region_id: Option<RegionId>,
    pub(crate) extra: Extra,
}

impl FromRow for Region {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            description: row.get("description")?,
            parent_region_id: row.get("parent_region_id")?,
            extra: row.get::<Json<Extra>>("extra")?.0,
        })
    }
}

const COLUMNS: &str = "SELECT id, description, parent_region_id, extra FROM identity_region WHERE 1 = 1";

pub(crate) async fn insert(tx: &Tx, region: &Region) -> Result<(), DbError> {
    let sql = "INSERT INTO identity_region (id, description, parent_region_id, extra) VALUES (?, ?, ?, ?)";
    tx.exec(sql, args![region.id, region.description, region.parent_region_id, Json(&region.extra)]).await.map(drop)
}

pub(crate) async fn get(db: &impl Read, id: &RegionId) -> Result<Option<Region>, DbError> {
    db.find(format!("{COLUMNS} AND id = ?"), args![id]).await
}

/// All regions, or those directly below `parent`.
pub(crate) async fn list(db: &impl Read, parent: Option<&RegionId>) -> Result<Vec<Region>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    if let Some(parent) = parent {
        sql.and("parent_region_id = ?", parent);
    }
    sql.push(" ORDER BY id");
    db.list(sql).await
}

pub(crate) async fn update(tx: &Tx, region: &Region) -> Result<bool, DbError> {
    let sql = "UPDATE identity_region SET description = ?, parent_region_id = ?, extra = ? WHERE id = ?";
    tx.changed(sql, args![region.description, region.parent_region_id, Json(&region.extra), region.id]).await
}

/// Deletes a region that has no regions below it and no endpoints.
pub(crate) async fn delete(tx: &Tx, id: &RegionId) -> Result<bool, DbError> {
    tx.changed("DELETE FROM identity_region WHERE id = ?", args![id]).await
}
