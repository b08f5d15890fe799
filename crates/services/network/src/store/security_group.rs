//! Rows of security groups.

use ferrostack_base::Timestamp;
use ferrostack_db::{Db, DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    error::NetworkError,
    ids::SecurityGroupId,
    query::{Attribute, Found, Listing, Scope, ValueKind},
    store::{Reader, Standard},
};

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecurityGroupRow {
    /// Its id.
    pub id: SecurityGroupId,
    /// Whose it is.
    pub project_id: String,
    /// Its name.
    pub name: String,
    /// Whether answers to what it allows are allowed too.
    pub stateful: bool,
    /// The rest.
    pub standard: Standard,
}

const SELECT: &str = "SELECT id, project_id, name, stateful, description, tags, revision, created_us, updated_us \
    FROM security_group WHERE 1 = 1";

/// What can be filtered and sorted by.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("name"),
    Attribute::text("description"),
    Attribute::text("project_id"),
    Attribute::new("tenant_id", "project_id", ValueKind::Text),
    Attribute::new("stateful", "stateful", ValueKind::Bool),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];

/// Filters beyond columns.
pub(crate) const SPECIAL: &[&str] = &["shared"];

impl FromRow for SecurityGroupRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let mut r = Reader::new(row);
        Ok(Self {
            id: r.next()?,
            project_id: r.next()?,
            name: r.next()?,
            stateful: r.next()?,
            standard: Standard::read(&mut r)?,
        })
    }
}

/// The group with that id.
pub(crate) async fn find(db: &impl Read, id: SecurityGroupId) -> Result<Option<SecurityGroupRow>, DbError> {
    Ok(find_many(db, &[id]).await?.into_iter().next())
}

/// The groups with these ids.
pub(crate) async fn find_many(db: &impl Read, ids: &[SecurityGroupId]) -> Result<Vec<SecurityGroupRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("id", ids).push(" ORDER BY id");
    db.list(sql).await
}

/// The groups of a project whose name or id is one of these.
pub(crate) async fn list_named(
    db: &impl Read,
    project_id: &str,
    names: &[String],
) -> Result<Vec<SecurityGroupRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and("project_id = ?", project_id).push(" AND (1 = 0 OR (1 = 1").and_in("name", names).push(") OR (1 = 1");
    sql.and_in("id", names).push(")) ORDER BY id");
    db.list(sql).await
}

/// A page of groups.
///
/// # Errors
/// As [`Listing::run`].
pub(crate) async fn list(db: &Db, scope: &Scope, listing: &Listing) -> Result<Found<SecurityGroupRow>, NetworkError> {
    listing
        .run(db, SELECT, "security_group", |sql| {
            scope.narrow(sql, "");
            // No group is shared here.
            if listing.special.iter().any(|(_, values)| values.iter().all(|value| value.eq_ignore_ascii_case("true"))) {
                sql.and_literal("1 = 0");
            }
        })
        .await
}

/// Adds a group.
pub(crate) async fn insert(tx: &Tx, row: &SecurityGroupRow) -> Result<(), DbError> {
    let standard = &row.standard;
    tx.exec(
        "INSERT INTO security_group (id, project_id, name, stateful, description, tags, revision, created_us, updated_us) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        args![
            row.id,
            row.project_id,
            row.name,
            row.stateful,
            standard.description,
            Json(&standard.tags),
            standard.revision,
            standard.created,
            standard.updated
        ],
    )
    .await
    .map(|_| ())
}

/// Makes a group the default of its project.
///
/// # Errors
/// [`DbError::Duplicate`] when the project has one.
pub(crate) async fn insert_default(tx: &Tx, row: &SecurityGroupRow) -> Result<(), DbError> {
    tx.exec("INSERT INTO default_security_group (project_id, group_id) VALUES (?, ?)", args![row.project_id, row.id])
        .await
        .map(|_| ())
}

/// The project's default group.
pub(crate) async fn find_default(db: &impl Read, project_id: &str) -> Result<Option<SecurityGroupId>, DbError> {
    let row = db.one("SELECT group_id FROM default_security_group WHERE project_id = ?", args![project_id]).await?;
    row.map(|row| row.at(0)).transpose()
}

/// Whether the group is the default of its project.
pub(crate) async fn is_default(db: &impl Read, id: SecurityGroupId) -> Result<bool, DbError> {
    Ok(db.one("SELECT project_id FROM default_security_group WHERE group_id = ?", args![id]).await?.is_some())
}

/// Writes what can change, if the row still has the revision before `row`'s.
pub(crate) async fn update(tx: &Tx, row: &SecurityGroupRow) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE security_group SET name = ?, stateful = ?, description = ?, revision = ?, updated_us = ? WHERE id = ? AND revision = ?",
        args![
            row.name,
            row.stateful,
            row.standard.description,
            row.standard.revision,
            row.standard.updated,
            row.id,
            row.standard.revision - 1
        ],
    )
    .await
}

/// Locks the row until the transaction ends and raises its revision; `false` when it is gone.
pub(crate) async fn lock(tx: &Tx, id: SecurityGroupId, now: Timestamp) -> Result<bool, DbError> {
    tx.changed("UPDATE security_group SET revision = revision + 1, updated_us = ? WHERE id = ?", args![now, id]).await
}

/// Removes a group with its rules; `false` when it is gone.
///
/// # Errors
/// [`DbError::Reference`] while ports use it.
pub(crate) async fn delete(tx: &Tx, id: SecurityGroupId) -> Result<bool, DbError> {
    tx.exec("DELETE FROM security_group_rule WHERE group_id = ?", args![id]).await?;
    tx.exec("DELETE FROM default_security_group WHERE group_id = ?", args![id]).await?;
    tx.changed("DELETE FROM security_group WHERE id = ?", args![id]).await
}
