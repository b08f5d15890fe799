//! Rows of networks.

use ferrostack_base::Timestamp;
use ferrostack_db::{Db, DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    error::NetworkError,
    ids::{NetworkId, SubnetId},
    query::{Attribute, Found, Listing, Scope, ValueKind, push_always_active},
    store::{Reader, Standard},
};

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetworkRow {
    /// Its id.
    pub id: NetworkId,
    /// Whose it is.
    pub project_id: String,
    /// Its name.
    pub name: String,
    /// Whether its ports forward.
    pub admin_state_up: bool,
    /// Whether all projects may use it.
    pub shared: bool,
    /// Whether routers may have their gateway here.
    pub external: bool,
    /// Whether it is the default external network.
    pub is_default: bool,
    /// Largest packet in bytes.
    pub mtu: i64,
    /// What new ports get.
    pub port_security_enabled: bool,
    /// `geneve`, `flat` or `vlan`.
    pub network_type: String,
    /// Of `flat` and `vlan`; else empty.
    pub physical_network: String,
    /// Tunnel key or VLAN.
    pub segmentation_id: Option<i64>,
    /// Domain of its ports' names.
    pub dns_domain: String,
    /// Its subnets.
    pub subnets: Vec<SubnetId>,
    /// The rest.
    pub standard: Standard,
}

const SELECT: &str = "SELECT id, project_id, name, admin_state_up, shared, external, is_default, mtu, port_security_enabled, \
    network_type, physical_network, segmentation_id, dns_domain, subnets, description, tags, revision, created_us, updated_us \
    FROM network WHERE 1 = 1";

/// What can be filtered and sorted by.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("name"),
    Attribute::text("description"),
    Attribute::text("project_id"),
    Attribute::new("tenant_id", "project_id", ValueKind::Text),
    Attribute::new("admin_state_up", "admin_state_up", ValueKind::Bool),
    Attribute::new("shared", "shared", ValueKind::Bool),
    Attribute::new("router:external", "external", ValueKind::Bool),
    Attribute::new("is_default", "is_default", ValueKind::Bool),
    Attribute::new("mtu", "mtu", ValueKind::Int),
    Attribute::new("port_security_enabled", "port_security_enabled", ValueKind::Bool),
    Attribute::new("provider:network_type", "network_type", ValueKind::Text),
    Attribute::new("provider:physical_network", "physical_network", ValueKind::Nullable),
    Attribute::new("provider:segmentation_id", "segmentation_id", ValueKind::Nullable),
    Attribute::text("dns_domain"),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];

/// Filters beyond columns.
pub(crate) const SPECIAL: &[&str] = &["status", "subnets"];

impl FromRow for NetworkRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let mut r = Reader::new(row);
        Ok(Self {
            id: r.next()?,
            project_id: r.next()?,
            name: r.next()?,
            admin_state_up: r.next()?,
            shared: r.next()?,
            external: r.next()?,
            is_default: r.next()?,
            mtu: r.next()?,
            port_security_enabled: r.next()?,
            network_type: r.next()?,
            physical_network: r.next()?,
            segmentation_id: r.next()?,
            dns_domain: r.next()?,
            subnets: r.json()?,
            standard: Standard::read(&mut r)?,
        })
    }
}

/// The network with that id.
pub(crate) async fn find(db: &impl Read, id: NetworkId) -> Result<Option<NetworkRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and("id = ?", id);
    Ok(db.list(sql).await?.into_iter().next())
}

/// The networks with these ids, in the order of ids.
pub(crate) async fn find_many(db: &impl Read, ids: &[NetworkId]) -> Result<Vec<NetworkRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("id", ids).push(" ORDER BY id");
    db.list(sql).await
}

/// All networks whose ports a server of the project may get: its own and shared ones.
pub(crate) async fn list_usable(db: &impl Read, project_id: &str) -> Result<Vec<NetworkRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_literal("(project_id = ? OR shared = 1)").bind(project_id).push(" ORDER BY id");
    db.list(sql).await
}

/// A page of networks.
///
/// # Errors
/// As [`Listing::run`].
pub(crate) async fn list(db: &Db, scope: &Scope, listing: &Listing) -> Result<Found<NetworkRow>, NetworkError> {
    listing
        .run(db, SELECT, "network", |sql| {
            scope.narrow(sql, "shared = 1 OR external = 1");
            for (name, values) in &listing.special {
                match *name {
                    "status" => push_always_active(sql, values),
                    "subnets" => {
                        sql.push(" AND id IN (SELECT network_id FROM subnet WHERE id IN (").list(values).push("))");
                    }
                    _ => {}
                }
            }
        })
        .await
}

/// Adds networks.
pub(crate) async fn insert(tx: &Tx, rows: &[NetworkRow]) -> Result<(), DbError> {
    let values = rows.iter().map(|row| {
        let standard = &row.standard;
        args![
            row.id,
            row.project_id,
            row.name,
            row.admin_state_up,
            row.shared,
            row.external,
            row.is_default,
            row.mtu,
            row.port_security_enabled,
            row.network_type,
            row.physical_network,
            row.segmentation_id,
            row.dns_domain,
            Json(&row.subnets),
            standard.description,
            Json(&standard.tags),
            standard.revision,
            standard.created,
            standard.updated
        ]
    });
    tx.insert_many(
        "INSERT INTO network (id, project_id, name, admin_state_up, shared, external, is_default, mtu, port_security_enabled, \
         network_type, physical_network, segmentation_id, dns_domain, subnets, description, tags, revision, created_us, \
         updated_us) VALUES",
        values.collect(),
    )
    .await
}

/// Writes what can change, if the row still has the revision before `row`'s.
pub(crate) async fn update(tx: &Tx, row: &NetworkRow) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE network SET name = ?, admin_state_up = ?, shared = ?, external = ?, is_default = ?, mtu = ?, \
         port_security_enabled = ?, dns_domain = ?, description = ?, revision = ?, updated_us = ? WHERE id = ? AND revision = ?",
        args![
            row.name,
            row.admin_state_up,
            row.shared,
            row.external,
            row.is_default,
            row.mtu,
            row.port_security_enabled,
            row.dns_domain,
            row.standard.description,
            row.standard.revision,
            row.standard.updated,
            row.id,
            row.standard.revision - 1
        ],
    )
    .await
}

/// Locks the row until the transaction ends and raises its revision; `false` when it is gone. Whoever changes what
/// belongs to the network (subnets) begins with this.
pub(crate) async fn lock(tx: &Tx, id: NetworkId, now: Timestamp) -> Result<bool, DbError> {
    tx.changed("UPDATE network SET revision = revision + 1, updated_us = ? WHERE id = ?", args![now, id]).await
}

/// Writes the list of subnets.
pub(crate) async fn set_subnets(tx: &Tx, id: NetworkId, subnets: &[SubnetId]) -> Result<(), DbError> {
    tx.exec("UPDATE network SET subnets = ? WHERE id = ?", args![Json(subnets), id]).await.map(|_| ())
}

/// Removes a network; `false` when it is gone.
pub(crate) async fn delete(tx: &Tx, id: NetworkId) -> Result<bool, DbError> {
    tx.exec("DELETE FROM network_segment WHERE network_id = ?", args![id]).await?;
    tx.changed("DELETE FROM network WHERE id = ?", args![id]).await
}

/// Takes a segment for a network.
///
/// # Errors
/// [`DbError::Duplicate`] when another network has it.
pub(crate) async fn insert_segment(tx: &Tx, row: &NetworkRow) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO network_segment (network_type, physical_network, segmentation_id, network_id) VALUES (?, ?, ?, ?)",
        args![row.network_type, row.physical_network, row.segmentation_id.unwrap_or(0), row.id],
    )
    .await
    .map(|_| ())
}

/// Segments in use of a type on a physical network.
pub(crate) async fn list_segments(tx: &Tx, network_type: &str, physical_network: &str) -> Result<Vec<i64>, DbError> {
    tx.all(
        "SELECT segmentation_id FROM network_segment WHERE network_type = ? AND physical_network = ? ORDER BY segmentation_id",
        args![network_type, physical_network],
    )
    .await?
    .iter()
    .map(|row| row.at(0))
    .collect()
}
