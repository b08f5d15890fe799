//! Rows of inventories, which also say how much of them is used.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, FromRow, Read, Row, Tx, Value, args};
use uuid::Uuid;

/// What an inventory offers; amounts are in the class's own unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offer {
    pub(crate) total: i64,
    pub(crate) reserved: i64,
    pub(crate) min_unit: i64,
    pub(crate) max_unit: i64,
    pub(crate) step_size: i64,
    pub(crate) allocation_ratio: f64,
}

impl Offer {
    /// How much may be given away, overcommit included, rounded down.
    pub(crate) fn capacity(&self) -> i64 {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "both factors are below 2^31 and 2^128; `as` saturates"
        )]
        let capacity = ((self.total - self.reserved) as f64 * self.allocation_ratio) as i64;
        capacity
    }
}

/// An inventory's row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InventoryRow {
    pub(crate) provider: Uuid,
    pub(crate) class: String,
    pub(crate) offer: Offer,
    pub(crate) capacity: i64,
    pub(crate) used: i64,
    pub(crate) updated: Timestamp,
}

impl FromRow for InventoryRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            provider: row.get("provider")?,
            class: row.get("class")?,
            offer: Offer {
                total: row.get("total")?,
                reserved: row.get("reserved")?,
                min_unit: row.get("min_unit")?,
                max_unit: row.get("max_unit")?,
                step_size: row.get("step_size")?,
                allocation_ratio: row.get("allocation_ratio")?,
            },
            capacity: row.get("capacity")?,
            used: row.get("used")?,
            updated: row.get("updated_us")?,
        })
    }
}

const COLUMNS: &str =
    "i.provider, i.class, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, i.allocation_ratio,
    i.capacity, i.used, i.updated_us";

/// The inventories of all providers stamped later than `seq`.
pub(crate) async fn list_changed(db: &impl Read, seq: i64) -> Result<Vec<InventoryRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM placement_provider p JOIN placement_inventory i ON i.provider = p.uuid WHERE p.changed_seq > ?"
    );
    db.rows(sql, args![seq]).await
}

/// A provider's inventories.
pub(crate) async fn list(db: &impl Read, provider: Uuid) -> Result<Vec<InventoryRow>, DbError> {
    db.rows(format!("SELECT {COLUMNS} FROM placement_inventory i WHERE i.provider = ?"), args![provider]).await
}

/// Adds inventories that are not there yet.
pub(crate) async fn insert(tx: &Tx, provider: Uuid, offers: &[(&str, &Offer)], now: Timestamp) -> Result<(), DbError> {
    let rows = offers.iter().map(|(class, offer)| {
        args![
            provider,
            *class,
            offer.total,
            offer.reserved,
            offer.min_unit,
            offer.max_unit,
            offer.step_size,
            offer.allocation_ratio,
            offer.capacity(),
            0,
            now
        ]
    });
    let insert = "INSERT INTO placement_inventory (provider, class, total, reserved, min_unit, max_unit, step_size,
        allocation_ratio, capacity, used, updated_us) VALUES";
    tx.insert_many(insert, rows.collect()).await
}

/// Changes an inventory; what is used stays, even if it is more than the new capacity. `false` when there is none.
pub(crate) async fn update(
    tx: &Tx,
    provider: Uuid,
    class: &str,
    offer: &Offer,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "UPDATE placement_inventory SET total = ?, reserved = ?, min_unit = ?, max_unit = ?, step_size = ?,
        allocation_ratio = ?, capacity = ?, updated_us = ? WHERE provider = ? AND class = ?";
    let values = args![
        offer.total,
        offer.reserved,
        offer.min_unit,
        offer.max_unit,
        offer.step_size,
        offer.allocation_ratio,
        offer.capacity(),
        now,
        provider,
        class
    ];
    tx.changed(sql, values).await
}

/// Deletes an inventory that nobody uses. `false` when somebody does, or when there is none.
pub(crate) async fn delete_unused(tx: &Tx, provider: Uuid, class: &str) -> Result<bool, DbError> {
    tx.changed("DELETE FROM placement_inventory WHERE provider = ? AND class = ? AND used = 0", args![provider, class])
        .await
}

/// A change of what is used of one inventory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Take {
    /// How much more (or less) is used afterwards.
    pub(crate) change: i64,
    /// The amounts that consumers then hold by this change; each must keep to the inventory's units.
    pub(crate) amounts: Vec<i64>,
}

/// Changes what is used of these inventories, by one conditional statement: as many rows are changed as there is room
/// for. When that is fewer than `takes`, the caller gives up the transaction.
pub(crate) async fn take(tx: &Tx, takes: &[(Uuid, &str, &Take)]) -> Result<u64, DbError> {
    let mut sql = String::from("UPDATE placement_inventory SET used = used + CASE");
    let mut values: Vec<Value> = Vec::with_capacity(takes.len() * 10);
    for (provider, class, take) in takes {
        sql.push_str(" WHEN provider = ? AND class = ? THEN ?");
        values.extend(args![provider, *class, take.change]);
    }
    sql.push_str(" ELSE 0 END WHERE ");
    for (index, (provider, class, take)) in takes.iter().enumerate() {
        sql.push_str(if index == 0 { "(provider = ? AND class = ?" } else { " OR (provider = ? AND class = ?" });
        values.extend(args![provider, *class]);
        if take.change > 0 {
            sql.push_str(" AND used + ? <= capacity");
            values.extend(args![take.change]);
        }
        for amount in &take.amounts {
            sql.push_str(" AND min_unit <= ? AND max_unit >= ? AND ? % step_size = 0");
            values.extend(args![amount, amount, amount]);
        }
        sql.push(')');
    }
    tx.exec(sql, values).await
}
