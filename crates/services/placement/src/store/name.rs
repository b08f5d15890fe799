//! Custom resource classes and custom traits: two tables of one shape.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, FromRow, Read, Row, Sql, Tx, args};

use super::change;

/// Which of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// Resource classes.
    Class,
    /// Traits.
    Trait,
}

impl NameKind {
    fn table(self) -> &'static str {
        match self {
            Self::Class => "placement_resource_class",
            Self::Trait => "placement_trait",
        }
    }
}

/// A custom name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameRow {
    pub(crate) name: String,
    pub(crate) updated: Timestamp,
}

impl FromRow for NameRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { name: row.get("name")?, updated: row.get("updated_us")? })
    }
}

pub(crate) async fn list(db: &impl Read, kind: NameKind) -> Result<Vec<NameRow>, DbError> {
    let sql = format!("SELECT name, updated_us FROM {} ORDER BY created_us, name", kind.table());
    db.rows(sql, vec![]).await
}

/// How many of these names exist.
pub(crate) async fn count(db: &impl Read, kind: NameKind, names: &[&str]) -> Result<usize, DbError> {
    let mut sql = Sql::new("SELECT name, updated_us FROM ");
    sql.push(kind.table()).push(" WHERE 1 = 1").and_in("name", names);
    Ok(db.list::<NameRow>(sql).await?.len())
}

/// `false` when it exists already.
pub(crate) async fn insert(tx: &Tx, kind: NameKind, name: &str, now: Timestamp) -> Result<bool, DbError> {
    if count(tx, kind, &[name]).await? > 0 {
        return Ok(false);
    }
    let sql = format!("INSERT INTO {} (name, created_us, updated_us) VALUES (?, ?, ?)", kind.table());
    tx.exec(sql, args![name, now, now]).await?;
    change::names_changed(tx).await?;
    Ok(true)
}

/// `false` when there is no such name.
pub(crate) async fn delete(tx: &Tx, kind: NameKind, name: &str) -> Result<bool, DbError> {
    let gone = tx.changed(format!("DELETE FROM {} WHERE name = ?", kind.table()), args![name]).await?;
    change::names_changed(tx).await?;
    Ok(gone)
}

/// Renames a resource class wherever it is used. `false` when there is no such class.
pub(crate) async fn rename_class(tx: &Tx, old: &str, new: &str, now: Timestamp) -> Result<bool, DbError> {
    if !tx
        .changed("UPDATE placement_resource_class SET name = ?, updated_us = ? WHERE name = ?", args![new, now, old])
        .await?
    {
        return Ok(false);
    }
    let stamp = format!(
        "UPDATE placement_provider SET changed_seq = {} WHERE uuid IN (SELECT provider FROM placement_inventory WHERE class = ?)",
        change::SEQ
    );
    tx.exec(stamp, args![old]).await?;
    tx.exec("UPDATE placement_inventory SET class = ? WHERE class = ?", args![new, old]).await?;
    tx.exec("UPDATE placement_allocation SET class = ? WHERE class = ?", args![new, old]).await?;
    change::names_changed(tx).await?;
    Ok(true)
}

/// Whether any provider has an inventory of that class.
pub(crate) async fn class_in_use(tx: &Tx, name: &str) -> Result<bool, DbError> {
    Ok(tx.one("SELECT provider FROM placement_inventory WHERE class = ? LIMIT 1", args![name]).await?.is_some())
}

/// Whether any provider has that trait.
pub(crate) async fn trait_in_use(tx: &Tx, name: &str) -> Result<bool, DbError> {
    // Traits are a JSON list of names without quotes inside, so the quoted name is found exactly where it is an element.
    let quoted = format!("\"{name}\"");
    Ok(tx.one("SELECT uuid FROM placement_provider WHERE INSTR(traits, ?) > 0 LIMIT 1", args![quoted]).await?.is_some())
}
