//! Who has which role on what.

use ferrostack_db::{DbError, FromRow, Read, Row, Sql, Tx, args};

use crate::{
    DomainId, GroupId, ProjectId, RoleId, UserId,
    store::role::{self, Role},
};

/// Who has a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Actor {
    /// A user.
    User(UserId),
    /// All members of a group.
    Group(GroupId),
}

/// What a role is good for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// A project.
    Project(ProjectId),
    /// A domain, not the projects in it.
    Domain(DomainId),
    /// The whole cloud.
    System,
}

impl Actor {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Group(_) => "group",
        }
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Group(id) => id.as_str(),
        }
    }
}

impl Target {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Domain(_) => "domain",
            Self::System => "system",
        }
    }

    /// `all` for the system: the only part of it that there is.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Project(id) => id.as_str(),
            Self::Domain(id) => id.as_str(),
            Self::System => "all",
        }
    }
}

/// Gives a role that the actor may have already.
pub(crate) async fn insert(tx: &Tx, actor: &Actor, target: &Target, role_id: &RoleId) -> Result<(), DbError> {
    if has(tx, actor, target, role_id).await? {
        return Ok(());
    }
    let sql = "INSERT INTO identity_assignment (target_kind, target_id, actor_kind, actor_id, role_id) VALUES (?, ?, ?, ?, ?)";
    tx.exec(sql, args![target.kind(), target.id(), actor.kind(), actor.id(), role_id]).await.map(drop)
}

/// Whether the actor itself has the role.
pub(crate) async fn has(db: &impl Read, actor: &Actor, target: &Target, role_id: &RoleId) -> Result<bool, DbError> {
    let sql = "SELECT role_id FROM identity_assignment
        WHERE target_kind = ? AND target_id = ? AND actor_kind = ? AND actor_id = ? AND role_id = ?";
    let row = db.one(sql, args![target.kind(), target.id(), actor.kind(), actor.id(), role_id]).await?;
    Ok(row.is_some())
}

/// Takes a role; `false` when the actor did not have it.
pub(crate) async fn delete(tx: &Tx, actor: &Actor, target: &Target, role_id: &RoleId) -> Result<bool, DbError> {
    let sql = "DELETE FROM identity_assignment
        WHERE target_kind = ? AND target_id = ? AND actor_kind = ? AND actor_id = ? AND role_id = ?";
    tx.changed(sql, args![target.kind(), target.id(), actor.kind(), actor.id(), role_id]).await
}

/// The roles that the actor itself has on the target.
pub(crate) async fn list_roles(db: &impl Read, actor: &Actor, target: &Target) -> Result<Vec<Role>, DbError> {
    let mut sql = Sql::new(role::SELECT);
    sql.push(
        " AND id IN (SELECT a.role_id FROM identity_assignment a
            WHERE a.target_kind = ? AND a.target_id = ? AND a.actor_kind = ? AND a.actor_id = ?) ORDER BY id",
    );
    sql.bind(target.kind()).bind(target.id()).bind(actor.kind()).bind(actor.id());
    db.list(sql).await
}

/// Narrows assignments `a` to those of a user, by itself or by its groups.
const OF_USER: &str = "((a.actor_kind = 'user' AND a.actor_id = ?) OR (a.actor_kind = 'group'
    AND a.actor_id IN (SELECT m.group_id FROM identity_membership m WHERE m.user_id = ?)))";

/// The roles that a user has on the target, by itself or by its groups; without what they imply.
pub(crate) async fn list_role_ids_of_user(
    db: &impl Read,
    user_id: &UserId,
    target: &Target,
) -> Result<Vec<RoleId>, DbError> {
    let sql = format!(
        "SELECT DISTINCT a.role_id FROM identity_assignment a WHERE a.target_kind = ? AND a.target_id = ? AND {OF_USER}
            ORDER BY a.role_id"
    );
    let rows = db.all(sql, args![target.kind(), target.id(), user_id, user_id]).await?;
    rows.iter().map(|row| row.get("role_id")).collect()
}

async fn list_target_ids(db: &impl Read, user_id: &UserId, kind: &'static str) -> Result<Vec<String>, DbError> {
    let sql = format!("SELECT DISTINCT a.target_id FROM identity_assignment a WHERE a.target_kind = ? AND {OF_USER}");
    let rows = db.all(sql, args![kind, user_id, user_id]).await?;
    rows.iter().map(|row| row.get("target_id")).collect()
}

/// The projects on which a user has some role.
pub(crate) async fn list_project_ids(db: &impl Read, user_id: &UserId) -> Result<Vec<ProjectId>, DbError> {
    Ok(list_target_ids(db, user_id, "project").await?.into_iter().map(ProjectId::from_trusted).collect())
}

/// The domains on which a user has some role.
pub(crate) async fn list_domain_ids(db: &impl Read, user_id: &UserId) -> Result<Vec<DomainId>, DbError> {
    Ok(list_target_ids(db, user_id, "domain").await?.into_iter().map(DomainId::from_trusted).collect())
}

/// Id and name of something, and of the domain it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Id and name; none for domains and for roles of the whole cloud.
    pub(crate) domain: Option<(String, String)>,
}

/// One assignment with the names of all that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) actor: Actor,
    pub(crate) actor_name: Named,
    /// The group that the user of an effective assignment has the role by.
    pub(crate) by_group: Option<GroupId>,
    pub(crate) target: Target,
    /// None for the system.
    pub(crate) target_name: Option<Named>,
    pub(crate) role: Named,
    /// The role that implies this one, in an effective assignment.
    pub(crate) by_role: Option<RoleId>,
}

/// What a list of assignments is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) actor: Option<Actor>,
    pub(crate) role_id: Option<RoleId>,
    /// One of these.
    pub(crate) targets: Option<Vec<Target>>,
    /// Targets in this domain, or the domain itself.
    pub(crate) domain_id: Option<DomainId>,
    /// Members instead of groups.
    pub(crate) effective: bool,
}

const SELECT: &str = "SELECT a.target_kind, a.target_id, a.role_id, r.name AS role_name, r.domain_id AS role_domain_id,
    rd.name AS role_domain_name, u.id AS user_id, u.name AS user_name, u.domain_id AS user_domain_id,
    ud.name AS user_domain_name, g.id AS group_id, g.name AS group_name, g.domain_id AS group_domain_id,
    gd.name AS group_domain_name, p.name AS project_name, p.domain_id AS project_domain_id,
    pd.name AS project_domain_name, d.name AS domain_name
    FROM identity_assignment a
    JOIN identity_role r ON r.id = a.role_id
    LEFT JOIN identity_domain rd ON rd.id = r.domain_id
    LEFT JOIN identity_group g ON a.actor_kind = 'group' AND g.id = a.actor_id
    LEFT JOIN identity_domain gd ON gd.id = g.domain_id";
const DIRECT: &str = " LEFT JOIN identity_user u ON a.actor_kind = 'user' AND u.id = a.actor_id";
const BY_GROUP: &str = " JOIN identity_membership m ON a.actor_kind = 'group' AND m.group_id = a.actor_id
    JOIN identity_user u ON u.id = m.user_id";
const REST: &str = " LEFT JOIN identity_domain ud ON ud.id = u.domain_id
    LEFT JOIN identity_project p ON a.target_kind = 'project' AND p.id = a.target_id
    LEFT JOIN identity_domain pd ON pd.id = p.domain_id
    LEFT JOIN identity_domain d ON a.target_kind = 'domain' AND d.id = a.target_id
    WHERE 1 = 1";

impl FromRow for Assignment {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let named = |id: String, what: &str| -> Result<Named, DbError> {
            let domain_id: Option<String> = row.get(&format!("{what}_domain_id"))?;
            let domain_name: Option<String> = row.get(&format!("{what}_domain_name"))?;
            Ok(Named { id, name: row.get(&format!("{what}_name"))?, domain: domain_id.zip(domain_name) })
        };
        let (user_id, group_id): (Option<String>, Option<String>) = (row.get("user_id")?, row.get("group_id")?);
        let (actor, actor_name, by_group) = match (user_id, group_id) {
            (Some(id), by_group) => (
                Actor::User(UserId::from_trusted(id.as_str())),
                named(id, "user")?,
                by_group.map(GroupId::from_trusted),
            ),
            (None, group_id) => {
                let id = group_id.unwrap_or_default();
                (Actor::Group(GroupId::from_trusted(id.as_str())), named(id, "group")?, None)
            }
        };
        let target_id: String = row.get("target_id")?;
        let (target, target_name) = match row.get::<String>("target_kind")?.as_str() {
            "project" => {
                (Target::Project(ProjectId::from_trusted(target_id.as_str())), Some(named(target_id, "project")?))
            }
            "domain" => {
                let name = Named { id: target_id.clone(), name: row.get("domain_name")?, domain: None };
                (Target::Domain(DomainId::from_trusted(target_id)), Some(name))
            }
            _ => (Target::System, None),
        };
        let role = named(row.get("role_id")?, "role")?;
        Ok(Self { actor, actor_name, by_group, target, target_name, role, by_role: None })
    }
}

/// Assignments as they were made; or, with [`Filter::effective`], those of users by themselves and by their groups.
/// What roles imply is not looked at.
pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Vec<Assignment>, DbError> {
    if !filter.effective {
        return db.list(statement(filter, DIRECT)).await;
    }
    let mut direct = statement(filter, DIRECT);
    direct.and_literal("a.actor_kind = 'user'");
    let mut all: Vec<Assignment> = db.list(direct).await?;
    all.extend(db.list::<Assignment>(statement(filter, BY_GROUP)).await?);
    Ok(all)
}

fn statement(filter: &Filter, user_join: &'static str) -> Sql {
    let mut sql = Sql::new(SELECT);
    sql.push(user_join).push(REST);
    let _ = match &filter.actor {
        // By a group the user is not the actor of the row.
        Some(Actor::User(id)) => sql.and("u.id = ?", id),
        Some(Actor::Group(id)) => sql.and("g.id = ?", id),
        None => &mut sql,
    };
    if let Some(role_id) = &filter.role_id {
        sql.and("a.role_id = ?", role_id);
    }
    if let Some(targets) = &filter.targets {
        sql.push(" AND (1 = 0");
        for target in targets {
            sql.push(" OR (a.target_kind = ? AND a.target_id = ?)").bind(target.kind()).bind(target.id());
        }
        sql.push(")");
    }
    if let Some(domain_id) = &filter.domain_id {
        sql.push(" AND (p.domain_id = ? OR d.id = ?)").bind(domain_id).bind(domain_id);
    }
    sql
}
