//! Users.

use ferrostack_base::Secret;
use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    DomainId, GroupId, ProjectId, UserId,
    store::{Extra, Listing, NameMatch, Window, fold},
};

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) domain_id: DomainId,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) default_project_id: Option<ProjectId>,
    /// bcrypt; none when the user can't log in by password.
    pub(crate) password_hash: Option<Secret<String>>,
    pub(crate) options: Extra,
    pub(crate) extra: Extra,
}

impl FromRow for User {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            domain_id: row.get("domain_id")?,
            name: row.get("name")?,
            enabled: row.get("enabled")?,
            default_project_id: row.get("default_project_id")?,
            password_hash: row.get("password_hash")?,
            options: row.get::<Json<Extra>>("options")?.0,
            extra: row.get::<Json<Extra>>("extra")?.0,
        })
    }
}

const COLUMNS: &str = "SELECT id, domain_id, name, enabled, default_project_id, password_hash, options, extra
    FROM identity_user WHERE 1 = 1";

/// What a list of users is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) names: Vec<NameMatch>,
    pub(crate) domain_id: Option<DomainId>,
    pub(crate) enabled: Option<bool>,
    pub(crate) default_project_id: Option<ProjectId>,
    /// Only members of this group.
    pub(crate) group_id: Option<GroupId>,
    pub(crate) window: Window,
}

pub(crate) async fn insert(tx: &Tx, user: &User) -> Result<(), DbError> {
    let sql = "INSERT INTO identity_user (id, domain_id, name, folded_name, enabled, default_project_id, password_hash, options, extra)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let (id, name, folded) = (&user.id, &user.name, fold(&user.name));
    let (project, hash, options, extra) =
        (&user.default_project_id, &user.password_hash, Json(&user.options), Json(&user.extra));
    tx.exec(sql, args![id, user.domain_id, name, folded, user.enabled, project, hash, options, extra]).await.map(drop)
}

pub(crate) async fn get(db: &impl Read, id: &UserId) -> Result<Option<User>, DbError> {
    db.find(format!("{COLUMNS} AND id = ?"), args![id]).await
}

pub(crate) async fn find_by_name(db: &impl Read, domain_id: &DomainId, name: &str) -> Result<Option<User>, DbError> {
    db.find(format!("{COLUMNS} AND domain_id = ? AND folded_name = ?"), args![domain_id, fold(name)]).await
}

pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Listing<User>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    filter.names.iter().for_each(|name| name.apply(&mut sql, "folded_name"));
    if let Some(domain_id) = &filter.domain_id {
        sql.and("domain_id = ?", domain_id);
    }
    if let Some(enabled) = filter.enabled {
        sql.and("enabled = ?", enabled);
    }
    if let Some(project_id) = &filter.default_project_id {
        sql.and("default_project_id = ?", project_id);
    }
    if let Some(group_id) = &filter.group_id {
        sql.and("id IN (SELECT user_id FROM identity_membership WHERE group_id = ?)", group_id);
    }
    filter.window.list(db, sql, "id").await
}

pub(crate) async fn update(tx: &Tx, user: &User) -> Result<bool, DbError> {
    let sql =
        "UPDATE identity_user SET name = ?, folded_name = ?, enabled = ?, default_project_id = ?, password_hash = ?,
        options = ?, extra = ? WHERE id = ?";
    let (project, hash, options, extra) =
        (&user.default_project_id, &user.password_hash, Json(&user.options), Json(&user.extra));
    tx.changed(sql, args![user.name, fold(&user.name), user.enabled, project, hash, options, extra, user.id]).await
}

/// Deletes a user with its memberships and roles.
pub(crate) async fn delete(tx: &Tx, id: &UserId) -> Result<bool, DbError> {
    tx.exec("DELETE FROM identity_membership WHERE user_id = ?", args![id]).await?;
    tx.exec("DELETE FROM identity_assignment WHERE actor_kind = 'user' AND actor_id = ?", args![id]).await?;
    tx.changed("DELETE FROM identity_user WHERE id = ?", args![id]).await
}
