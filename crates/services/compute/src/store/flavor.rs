//! Flavors.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::model::Flavor;

const SELECT: &str = "SELECT id, name, vcpus, memory_mb, disk_gb, ephemeral_gb, swap_mb, rxtx_factor, is_public, extra_specs, \
    generation, created_us FROM flavor WHERE 1 = 1";

impl FromRow for Flavor {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            vcpus: row.get("vcpus")?,
            memory_mb: row.get("memory_mb")?,
            disk_gb: row.get("disk_gb")?,
            ephemeral_gb: row.get("ephemeral_gb")?,
            swap_mb: row.get("swap_mb")?,
            rxtx_factor: row.get("rxtx_factor")?,
            is_public: row.get("is_public")?,
            extra_specs: row.get::<Json<_>>("extra_specs")?.0,
            generation: row.get("generation")?,
            created: row.get("created_us")?,
        })
    }
}

/// Whose flavors.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// All.
    All,
    /// Public ones, and those that the project was given.
    By(Option<&'a str>),
    /// Public ones only.
    Public,
    /// Those that are not public only.
    Private,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub(crate) struct FlavorFilter<'a> {
    pub seen: Seen<'a>,
    pub min_disk_gb: Option<i64>,
    pub min_memory_mb: Option<i64>,
    /// A column and whether from high to low.
    pub sort: (&'static str, bool),
    /// The id of the flavor after which the page begins.
    pub after: Option<&'a str>,
    pub limit: usize,
}

/// Writes a new flavor; `Duplicate` when its id or name is taken.
pub(crate) async fn insert(tx: &Tx, flavor: &Flavor) -> Result<(), DbError> {
    let f = flavor;
    tx.exec(
        "INSERT INTO flavor (id, name, vcpus, memory_mb, disk_gb, ephemeral_gb, swap_mb, rxtx_factor, is_public, extra_specs, \
         generation, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        args![
            f.id,
            f.name,
            f.vcpus,
            f.memory_mb,
            f.disk_gb,
            f.ephemeral_gb,
            f.swap_mb,
            f.rxtx_factor,
            f.is_public,
            Json(&f.extra_specs),
            f.generation,
            f.created
        ],
    )
    .await?;
    Ok(())
}

/// The flavor with that id.
pub(crate) async fn get(db: &impl Read, id: &str) -> Result<Option<Flavor>, DbError> {
    db.find(format!("{SELECT} AND id = ?"), args![id]).await
}

/// The flavors that fit.
pub(crate) async fn list(db: &impl Read, filter: &FlavorFilter<'_>) -> Result<Vec<Flavor>, DbError> {
    let mut sql = Sql::new(SELECT);
    match filter.seen {
        Seen::All => {}
        Seen::By(Some(project)) => {
            sql.push(" AND (is_public = 1 OR id IN (SELECT flavor_id FROM flavor_access WHERE project_id = ?))")
                .bind(project);
        }
        Seen::By(None) | Seen::Public => {
            sql.and_literal("is_public = 1");
        }
        Seen::Private => {
            sql.and_literal("is_public = 0");
        }
    }
    if let Some(disk) = filter.min_disk_gb {
        sql.and("disk_gb >= ?", disk);
    }
    if let Some(memory) = filter.min_memory_mb {
        sql.and("memory_mb >= ?", memory);
    }
    let (column, descending) = filter.sort;
    let (than, order) = if descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some(after) = filter.after {
        // The marker's own value is looked up by the database, so that it has the column's type.
        sql.push(&format!(
            " AND ({column} {than} (SELECT {column} FROM flavor WHERE id = ?) OR ({column} = (SELECT {column} FROM flavor WHERE id = ?) AND id {than} ?))"
        ));
        sql.bind(after).bind(after).bind(after);
    }
    sql.push(&format!(" ORDER BY {column} {order}, id {order} LIMIT ?")).bind(filter.limit);
    db.list(sql).await
}

/// Writes the extra specs if nobody changed them since they were read.
pub(crate) async fn update_extra_specs(tx: &Tx, flavor: &Flavor) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE flavor SET extra_specs = ?, generation = generation + 1 WHERE id = ? AND generation = ?",
        args![Json(&flavor.extra_specs), flavor.id, flavor.generation],
    )
    .await
}

/// Removes the flavor; servers keep their copies. `false` when it was gone.
pub(crate) async fn delete(tx: &Tx, id: &str) -> Result<bool, DbError> {
    tx.exec("DELETE FROM flavor_access WHERE flavor_id = ?", args![id]).await?;
    tx.changed("DELETE FROM flavor WHERE id = ?", args![id]).await
}

/// The projects that may use the flavor although it is not public.
pub(crate) async fn list_access(db: &impl Read, id: &str) -> Result<Vec<String>, DbError> {
    let rows =
        db.all("SELECT project_id FROM flavor_access WHERE flavor_id = ? ORDER BY project_id", args![id]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// Lets a project use the flavor; `Duplicate` when it may already.
pub(crate) async fn insert_access(tx: &Tx, id: &str, project: &str) -> Result<(), DbError> {
    tx.exec("INSERT INTO flavor_access (flavor_id, project_id) VALUES (?, ?)", args![id, project]).await?;
    Ok(())
}

/// Takes that back; `false` when it was not so.
pub(crate) async fn delete_access(tx: &Tx, id: &str, project: &str) -> Result<bool, DbError> {
    tx.changed("DELETE FROM flavor_access WHERE flavor_id = ? AND project_id = ?", args![id, project]).await
}
