//! Projects.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    DomainId, ProjectId,
    store::{Extra, Listing, NameMatch, Window, fold, project_tag},
};

/// A project.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: ProjectId,
    pub(crate) domain_id: DomainId,
    /// None when it lies directly in its domain.
    pub(crate) parent_id: Option<ProjectId>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) enabled: bool,
    pub(crate) options: Extra,
    pub(crate) extra: Extra,
    /// In alphabetical order.
    pub(crate) tags: Vec<String>,
}

impl FromRow for Project {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            domain_id: row.get("domain_id")?,
            parent_id: row.get("parent_id")?,
            name: row.get("name")?,
            description: row.get("description")?,
            enabled: row.get("enabled")?,
            options: row.get::<Json<Extra>>("options")?.0,
            extra: row.get::<Json<Extra>>("extra")?.0,
            tags: project_tag::split(row.get("tags")?),
        })
    }
}

/// Tags have no commas.
const COLUMNS: &str = "SELECT id, domain_id, parent_id, name, description, enabled, options, extra,
    (SELECT GROUP_CONCAT(t.name) FROM identity_project_tag t WHERE t.project_id = identity_project.id) AS tags
    FROM identity_project WHERE 1 = 1";

/// What a list of projects is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) names: Vec<NameMatch>,
    pub(crate) domain_id: Option<DomainId>,
    /// The id of a project, or of a domain for those directly in it.
    pub(crate) parent_id: Option<String>,
    pub(crate) enabled: Option<bool>,
    /// Only these.
    pub(crate) ids: Option<Vec<ProjectId>>,
    pub(crate) tags: project_tag::Filter,
    pub(crate) window: Window,
}

pub(crate) async fn insert(tx: &Tx, project: &Project) -> Result<(), DbError> {
    let sql = "INSERT INTO identity_project (id, domain_id, parent_id, name, folded_name, description, enabled, options, extra)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let (options, extra) = (Json(&project.options), Json(&project.extra));
    let (id, domain_id, parent_id) = (&project.id, &project.domain_id, &project.parent_id);
    let name = fold(&project.name);
    tx.exec(
        sql,
        args![id, domain_id, parent_id, project.name, name, project.description, project.enabled, options, extra],
    )
    .await?;
    project_tag::replace(tx, id, &project.tags).await
}

pub(crate) async fn get(db: &impl Read, id: &ProjectId) -> Result<Option<Project>, DbError> {
    db.find(format!("{COLUMNS} AND id = ?"), args![id]).await
}

pub(crate) async fn find_by_name(db: &impl Read, domain_id: &DomainId, name: &str) -> Result<Option<Project>, DbError> {
    db.find(format!("{COLUMNS} AND domain_id = ? AND folded_name = ?"), args![domain_id, fold(name)]).await
}

pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Listing<Project>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    filter.names.iter().for_each(|name| name.apply(&mut sql, "folded_name"));
    if let Some(domain_id) = &filter.domain_id {
        sql.and("domain_id = ?", domain_id);
    }
    if let Some(parent_id) = &filter.parent_id {
        sql.push(" AND (parent_id = ? OR (parent_id IS NULL AND domain_id = ?))").bind(parent_id).bind(parent_id);
    }
    if let Some(enabled) = filter.enabled {
        sql.and("enabled = ?", enabled);
    }
    if let Some(ids) = &filter.ids {
        sql.and_in("id", ids);
    }
    filter.tags.apply(&mut sql);
    filter.window.list(db, sql, "id").await
}

/// The projects directly below `id`.
pub(crate) async fn list_children(db: &impl Read, id: &ProjectId) -> Result<Vec<Project>, DbError> {
    db.rows(format!("{COLUMNS} AND parent_id = ?"), args![id]).await
}

pub(crate) async fn update(tx: &Tx, project: &Project) -> Result<bool, DbError> {
    let sql = "UPDATE identity_project SET name = ?, folded_name = ?, description = ?, enabled = ?, options = ?, extra = ? WHERE id = ?";
    let (options, extra) = (Json(&project.options), Json(&project.extra));
    let name = fold(&project.name);
    let found = tx
        .changed(sql, args![project.name, name, project.description, project.enabled, options, extra, project.id])
        .await?;
    if found {
        project_tag::replace(tx, &project.id, &project.tags).await?;
    }
    Ok(found)
}

/// Deletes a project that has no children.
pub(crate) async fn delete(tx: &Tx, id: &ProjectId) -> Result<bool, DbError> {
    for sql in [
        "DELETE FROM identity_assignment WHERE target_kind = 'project' AND target_id = ?",
        "DELETE FROM identity_project_tag WHERE project_id = ?",
        "UPDATE identity_user SET default_project_id = NULL WHERE default_project_id = ?",
    ] {
        tx.exec(sql, args![id]).await?;
    }
    tx.changed("DELETE FROM identity_project WHERE id = ?", args![id]).await
}
