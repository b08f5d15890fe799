//! Domains.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    DomainId,
    store::{Extra, Listing, NameMatch, Window, fold},
};

/// A domain.
#[derive(Debug, Clone)]
pub(crate) struct Domain {
    pub(crate) id: DomainId,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) enabled: bool,
    pub(crate) options: Extra,
    pub(crate) extra: Extra,
}

impl FromRow for Domain {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            description: row.get("description")?,
            enabled: row.get("enabled")?,
            options: row.get::<Json<Extra>>("options")?.0,
            extra: row.get::<Json<Extra>>("extra")?.0,
        })
    }
}

const COLUMNS: &str = "SELECT id, name, description, enabled, options, extra FROM identity_domain WHERE 1 = 1";

/// What a list of domains is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) names: Vec<NameMatch>,
    pub(crate) enabled: Option<bool>,
    pub(crate) window: Window,
}

pub(crate) async fn insert(tx: &Tx, domain: &Domain) -> Result<(), DbError> {
    let sql = "INSERT INTO identity_domain (id, name, folded_name, description, enabled, options, extra) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let (options, extra) = (Json(&domain.options), Json(&domain.extra));
    let args = args![domain.id, domain.name, fold(&domain.name), domain.description, domain.enabled, options, extra];
    tx.exec(sql, args).await.map(drop)
}

pub(crate) async fn get(db: &impl Read, id: &DomainId) -> Result<Option<Domain>, DbError> {
    db.find(format!("{COLUMNS} AND id = ?"), args![id]).await
}

pub(crate) async fn find_by_name(db: &impl Read, name: &str) -> Result<Option<Domain>, DbError> {
    db.find(format!("{COLUMNS} AND folded_name = ?"), args![fold(name)]).await
}

pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Listing<Domain>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    filter.names.iter().for_each(|name| name.apply(&mut sql, "folded_name"));
    if let Some(enabled) = filter.enabled {
        sql.and("enabled = ?", enabled);
    }
    filter.window.list(db, sql, "id").await
}

/// The domains with these ids that are enabled.
pub(crate) async fn list_enabled(db: &impl Read, ids: &[DomainId]) -> Result<Vec<Domain>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    sql.and_in("id", ids).and_literal("enabled = 1 ORDER BY id");
    db.list(sql).await
}

pub(crate) async fn update(tx: &Tx, domain: &Domain) -> Result<bool, DbError> {
    let sql = "UPDATE identity_domain SET name = ?, folded_name = ?, description = ?, enabled = ?, options = ?, extra = ? WHERE id = ?";
    let (options, extra) = (Json(&domain.options), Json(&domain.extra));
    tx.changed(
        sql,
        args![domain.name, fold(&domain.name), domain.description, domain.enabled, options, extra, domain.id],
    )
    .await
}

/// Deletes a domain with all that is in it.
pub(crate) async fn delete(tx: &Tx, id: &DomainId) -> Result<bool, DbError> {
    for sql in [
        "DELETE FROM identity_membership WHERE group_id IN (SELECT id FROM identity_group WHERE domain_id = ?)",
        "DELETE FROM identity_membership WHERE user_id IN (SELECT id FROM identity_user WHERE domain_id = ?)",
        "DELETE FROM identity_assignment WHERE actor_kind = 'user' AND actor_id IN (SELECT id FROM identity_user WHERE domain_id = ?)",
        "DELETE FROM identity_assignment WHERE actor_kind = 'group' AND actor_id IN (SELECT id FROM identity_group WHERE domain_id = ?)",
        "DELETE FROM identity_assignment WHERE target_kind = 'project' AND target_id IN (SELECT id FROM identity_project WHERE domain_id = ?)",
        "DELETE FROM identity_assignment WHERE target_kind = 'domain' AND target_id = ?",
        "DELETE FROM identity_assignment WHERE role_id IN (SELECT id FROM identity_role WHERE domain_id = ?)",
        "DELETE FROM identity_implied_role WHERE prior_role_id IN (SELECT id FROM identity_role WHERE domain_id = ?)",
        "DELETE FROM identity_implied_role WHERE implied_role_id IN (SELECT id FROM identity_role WHERE domain_id = ?)",
        "DELETE FROM identity_role WHERE domain_id = ?",
        "UPDATE identity_user SET default_project_id = NULL
            WHERE default_project_id IN (SELECT id FROM identity_project WHERE domain_id = ?)",
        "DELETE FROM identity_user WHERE domain_id = ?",
        "DELETE FROM identity_group WHERE domain_id = ?",
        "DELETE FROM identity_project_tag WHERE project_id IN (SELECT id FROM identity_project WHERE domain_id = ?)",
        // Parents could go before their children.
        "UPDATE identity_project SET parent_id = NULL WHERE domain_id = ?",
        "DELETE FROM identity_project WHERE domain_id = ?",
    ] {
        tx.exec(sql, args![id]).await?;
    }
    tx.changed("DELETE FROM identity_domain WHERE id = ?", args![id]).await
}
