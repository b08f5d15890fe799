//! Roles.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    DomainId, RoleId,
    store::{Extra, NameMatch, fold},
};

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: RoleId,
    /// None for a role of the whole cloud.
    pub(crate) domain_id: Option<DomainId>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) options: Extra,
    pub(crate) extra: Extra,
}

impl FromRow for Role {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let domain_id: String = row.get("domain_id")?;
        Ok(Self {
            id: row.get("id")?,
            domain_id: (!domain_id.is_empty()).then(|| DomainId::from_trusted(domain_id)),
            name: row.get("name")?,
            description: row.get("description")?,
            options: row.get::<Json<Extra>>("options")?.0,
            extra: row.get::<Json<Extra>>("extra")?.0,
        })
    }
}

/// All columns of roles; conditions are added with AND.
pub(crate) const SELECT: &str =
    "SELECT id, domain_id, name, description, options, extra FROM identity_role WHERE 1 = 1";

/// What a list of roles is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) names: Vec<NameMatch>,
    /// Roles of this domain; none means those of the whole cloud.
    pub(crate) domain_id: Option<DomainId>,
}

fn domain_column(domain_id: Option<&DomainId>) -> &str {
    domain_id.map_or("", DomainId::as_str)
}

pub(crate) async fn insert(tx: &Tx, role: &Role) -> Result<(), DbError> {
    let sql = "INSERT INTO identity_role (id, domain_id, name, folded_name, description, options, extra) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let domain = domain_column(role.domain_id.as_ref());
    let (options, extra) = (Json(&role.options), Json(&role.extra));
    tx.exec(sql, args![role.id, domain, role.name, fold(&role.name), role.description, options, extra]).await.map(drop)
}

pub(crate) async fn get(db: &impl Read, id: &RoleId) -> Result<Option<Role>, DbError> {
    db.find(format!("{SELECT} AND id = ?"), args![id]).await
}

/// A role of the whole cloud.
pub(crate) async fn find_by_name(db: &impl Read, name: &str) -> Result<Option<Role>, DbError> {
    db.find(format!("{SELECT} AND domain_id = '' AND folded_name = ?"), args![fold(name)]).await
}

pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Vec<Role>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and("domain_id = ?", domain_column(filter.domain_id.as_ref()));
    filter.names.iter().for_each(|name| name.apply(&mut sql, "folded_name"));
    sql.push(" ORDER BY id");
    db.list(sql).await
}

/// All roles, also those of domains.
pub(crate) async fn list_all(db: &impl Read) -> Result<Vec<Role>, DbError> {
    db.rows(format!("{SELECT} ORDER BY id"), args![]).await
}

pub(crate) async fn update(tx: &Tx, role: &Role) -> Result<bool, DbError> {
    let sql =
        "UPDATE identity_role SET name = ?, folded_name = ?, description = ?, options = ?, extra = ? WHERE id = ?";
    let (options, extra) = (Json(&role.options), Json(&role.extra));
    tx.changed(sql, args![role.name, fold(&role.name), role.description, options, extra, role.id]).await
}

/// Deletes a role, takes it from all who have it and from all roles that imply it.
pub(crate) async fn delete(tx: &Tx, id: &RoleId) -> Result<bool, DbError> {
    tx.exec("DELETE FROM identity_assignment WHERE role_id = ?", args![id]).await?;
    tx.exec("DELETE FROM identity_implied_role WHERE prior_role_id = ? OR implied_role_id = ?", args![id, id]).await?;
    tx.changed("DELETE FROM identity_role WHERE id = ?", args![id]).await
}
