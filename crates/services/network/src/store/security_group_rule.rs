//! Rows of security group rules.

use ferrostack_db::{Db, DbError, FromRow, Read, Row, Sql, Tx, args};
use ipnet::IpNet;

use crate::{
    error::NetworkError,
    ids::{SecurityGroupId, SecurityGroupRuleId},
    query::{Attribute, Found, Listing, Scope, ValueKind},
    store::{Reader, Standard},
};

/// A rule: what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecurityGroupRuleRow {
    /// Its id.
    pub id: SecurityGroupRuleId,
    /// Whose it is.
    pub project_id: String,
    /// Its group.
    pub group_id: SecurityGroupId,
    /// `ingress` (to the server) or `egress`.
    pub direction: String,
    /// `IPv4` or `IPv6`.
    pub ethertype: String,
    /// A name or number; none = any.
    pub protocol: Option<String>,
    /// First port, or type of ICMP.
    pub port_range_min: Option<i64>,
    /// Last port, or code of ICMP.
    pub port_range_max: Option<i64>,
    /// Addresses of the other side, as they were given.
    pub remote_ip_prefix: Option<String>,
    /// Members of this group are the other side.
    pub remote_group_id: Option<SecurityGroupId>,
    /// The rest; rules have no tags.
    pub standard: Standard,
}

impl SecurityGroupRuleRow {
    /// The other side's addresses without host bits.
    pub(crate) fn normalized_cidr(&self) -> Option<IpNet> {
        crate::app::cidr::parse(self.remote_ip_prefix.as_deref()?).map(|net| net.trunc())
    }
}

const SELECT: &str = "SELECT id, project_id, group_id, direction, ethertype, protocol, port_range_min, port_range_max, \
    remote_ip_prefix, remote_group_id, description, revision, created_us, updated_us FROM security_group_rule WHERE 1 = 1";

/// What can be filtered and sorted by.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("description"),
    Attribute::text("project_id"),
    Attribute::new("tenant_id", "project_id", ValueKind::Text),
    Attribute::new("security_group_id", "group_id", ValueKind::Text),
    Attribute::text("direction"),
    Attribute::text("ethertype"),
    Attribute::new("protocol", "protocol", ValueKind::Nullable),
    Attribute::new("port_range_min", "port_range_min", ValueKind::Nullable),
    Attribute::new("port_range_max", "port_range_max", ValueKind::Nullable),
    Attribute::new("remote_ip_prefix", "remote_ip_prefix", ValueKind::Nullable),
    Attribute::new("remote_group_id", "remote_group_id", ValueKind::Nullable),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];

impl FromRow for SecurityGroupRuleRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let mut r = Reader::new(row);
        Ok(Self {
            id: r.next()?,
            project_id: r.next()?,
            group_id: r.next()?,
            direction: r.next()?,
            ethertype: r.next()?,
            protocol: r.next()?,
            port_range_min: r.next()?,
            port_range_max: r.next()?,
            remote_ip_prefix: r.next()?,
            remote_group_id: r.next()?,
            standard: Standard {
                description: r.next()?,
                tags: Vec::new(),
                revision: r.next()?,
                created: r.next()?,
                updated: r.next()?,
            },
        })
    }
}

/// The rule with that id.
pub(crate) async fn find(db: &impl Read, id: SecurityGroupRuleId) -> Result<Option<SecurityGroupRuleRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and("id = ?", id);
    Ok(db.list(sql).await?.into_iter().next())
}

/// The rules of these groups, oldest first.
pub(crate) async fn list_of_groups(
    db: &impl Read,
    groups: &[SecurityGroupId],
) -> Result<Vec<SecurityGroupRuleRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("group_id", groups).push(" ORDER BY created_us, id");
    db.list(sql).await
}

/// The rules whose other side is that group.
pub(crate) async fn list_of_remote(
    db: &impl Read,
    group: SecurityGroupId,
) -> Result<Vec<SecurityGroupRuleRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and("remote_group_id = ?", group).push(" ORDER BY id");
    db.list(sql).await
}

/// A page of rules.
///
/// # Errors
/// As [`Listing::run`].
pub(crate) async fn list(
    db: &Db,
    scope: &Scope,
    listing: &Listing,
) -> Result<Found<SecurityGroupRuleRow>, NetworkError> {
    listing
        .run(db, SELECT, "security_group_rule", |sql| {
            scope.narrow(sql, "");
        })
        .await
}

/// Adds rules.
pub(crate) async fn insert(tx: &Tx, rows: &[SecurityGroupRuleRow]) -> Result<(), DbError> {
    let values = rows.iter().map(|row| {
        let standard = &row.standard;
        args![
            row.id,
            row.project_id,
            row.group_id,
            row.direction,
            row.ethertype,
            row.protocol,
            row.port_range_min,
            row.port_range_max,
            row.remote_ip_prefix,
            row.remote_group_id,
            standard.description,
            standard.revision,
            standard.created,
            standard.updated
        ]
    });
    tx.insert_many(
        "INSERT INTO security_group_rule (id, project_id, group_id, direction, ethertype, protocol, port_range_min, \
         port_range_max, remote_ip_prefix, remote_group_id, description, revision, created_us, updated_us) VALUES",
        values.collect(),
    )
    .await
}

/// Removes a rule; `false` when it is gone.
pub(crate) async fn delete(tx: &Tx, id: SecurityGroupRuleId) -> Result<bool, DbError> {
    tx.changed("DELETE FROM security_group_rule WHERE id = ?", args![id]).await
}
