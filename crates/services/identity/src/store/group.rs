//! Groups and who is in them.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    DomainId, GroupId, UserId,
    store::{Extra, Listing, NameMatch, Window, fold},
};

/// A group of users.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) domain_id: DomainId,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) extra: Extra,
}

impl FromRow for Group {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            domain_id: row.get("domain_id")?,
            name: row.get("name")?,
            description: row.get("description")?,
            extra: row.get::<Json<Extra>>("extra")?.0,
        })
    }
}

const COLUMNS: &str = "SELECT id, domain_id, name, description, extra FROM identity_group WHERE 1 = 1";

/// What a list of groups is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) names: Vec<NameMatch>,
    pub(crate) domain_id: Option<DomainId>,
    /// Only groups that this user is in.
    pub(crate) user_id: Option<UserId>,
    pub(crate) window: Window,
}

pub(crate) async fn insert(tx: &Tx, group: &Group) -> Result<(), DbError> {
    let sql =
        "INSERT INTO identity_group (id, domain_id, name, folded_name, description, extra) VALUES (?, ?, ?, ?, ?, ?)";
    let args = args![group.id, group.domain_id, group.name, fold(&group.name), group.description, Json(&group.extra)];
    tx.exec(sql, args).await.map(drop)
}

pub(crate) async fn get(db: &impl Read, id: &GroupId) -> Result<Option<Group>, DbError> {
    db.find(format!("{COLUMNS} AND id = ?"), args![id]).await
}

pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Listing<Group>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    filter.names.iter().for_each(|name| name.apply(&mut sql, "folded_name"));
    if let Some(domain_id) = &filter.domain_id {
        sql.and("domain_id = ?", domain_id);
    }
    if let Some(user_id) = &filter.user_id {
        sql.and("id IN (SELECT group_id FROM identity_membership WHERE user_id = ?)", user_id);
    }
    filter.window.list(db, sql, "id").await
}

pub(crate) async fn update(tx: &Tx, group: &Group) -> Result<bool, DbError> {
    let sql = "UPDATE identity_group SET name = ?, folded_name = ?, description = ?, extra = ? WHERE id = ?";
    tx.changed(sql, args![group.name, fold(&group.name), group.description, Json(&group.extra), group.id]).await
}

/// Deletes a group with its memberships and roles.
pub(crate) async fn delete(tx: &Tx, id: &GroupId) -> Result<bool, DbError> {
    tx.exec("DELETE FROM identity_membership WHERE group_id = ?", args![id]).await?;
    tx.exec("DELETE FROM identity_assignment WHERE actor_kind = 'group' AND actor_id = ?", args![id]).await?;
    tx.changed("DELETE FROM identity_group WHERE id = ?", args![id]).await
}

/// Whether the user is in the group.
pub(crate) async fn has_member(db: &impl Read, group_id: &GroupId, user_id: &UserId) -> Result<bool, DbError> {
    let sql = "SELECT user_id FROM identity_membership WHERE group_id = ? AND user_id = ?";
    Ok(db.one(sql, args![group_id, user_id]).await?.is_some())
}

/// Adds the user to the group, where it may be already.
pub(crate) async fn insert_member(tx: &Tx, group_id: &GroupId, user_id: &UserId) -> Result<(), DbError> {
    if has_member(tx, group_id, user_id).await? {
        return Ok(());
    }
    tx.exec("INSERT INTO identity_membership (group_id, user_id) VALUES (?, ?)", args![group_id, user_id])
        .await
        .map(drop)
}

/// Removes the user from the group; `false` when it was not in it.
pub(crate) async fn delete_member(tx: &Tx, group_id: &GroupId, user_id: &UserId) -> Result<bool, DbError> {
    tx.changed("DELETE FROM identity_membership WHERE group_id = ? AND user_id = ?", args![group_id, user_id]).await
}
