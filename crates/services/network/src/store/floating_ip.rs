//! Rows of floating IPs. The external address belongs to a port of its own.

use std::net::IpAddr;

use ferrostack_base::Timestamp;
use ferrostack_db::{Db, DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{
    error::NetworkError,
    ids::{FloatingIpId, NetworkId, PortId, RouterId},
    query::{Attribute, Found, Listing, Scope, ValueKind},
    store::{Reader, Standard},
};

/// Where a floating IP leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Association {
    /// The port inside.
    pub port_id: PortId,
    /// Its address.
    pub fixed_ip_address: IpAddr,
    /// The router between.
    pub router_id: RouterId,
}

/// A floating IP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FloatingIpRow {
    /// Its id.
    pub id: FloatingIpId,
    /// Whose it is.
    pub project_id: String,
    /// The external network.
    pub floating_network_id: NetworkId,
    /// The port that has the address.
    pub floating_port_id: PortId,
    /// The address.
    pub floating_ip_address: IpAddr,
    /// Where it leads.
    pub association: Option<Association>,
    /// The rest.
    pub standard: Standard,
}

impl FloatingIpRow {
    /// `ACTIVE` while it leads somewhere.
    pub(crate) fn status(&self) -> &'static str {
        if self.association.is_some() { "ACTIVE" } else { "DOWN" }
    }
}

const SELECT: &str = "SELECT id, project_id, floating_network_id, floating_port_id, floating_ip_address, port_id, fixed_ip_address, \
    router_id, description, tags, revision, created_us, updated_us FROM floating_ip WHERE 1 = 1";

/// What can be filtered and sorted by.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("description"),
    Attribute::text("project_id"),
    Attribute::new("tenant_id", "project_id", ValueKind::Text),
    Attribute::text("floating_network_id"),
    Attribute::text("floating_ip_address"),
    Attribute::new("port_id", "port_id", ValueKind::Nullable),
    Attribute::new("fixed_ip_address", "fixed_ip_address", ValueKind::Address),
    Attribute::new("router_id", "router_id", ValueKind::Nullable),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];

/// Filters beyond columns.
pub(crate) const SPECIAL: &[&str] = &["status"];

impl FromRow for FloatingIpRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let mut r = Reader::new(row);
        let (id, project_id, floating_network_id, floating_port_id) = (r.next()?, r.next()?, r.next()?, r.next()?);
        let floating_ip_address = r.parse("an address")?;
        let (port, fixed, router) =
            (r.next::<Option<PortId>>()?, r.parse_option("an address")?, r.next::<Option<RouterId>>()?);
        let association = match (port, fixed, router) {
            (Some(port_id), Some(fixed_ip_address), Some(router_id)) => {
                Some(Association { port_id, fixed_ip_address, router_id })
            }
            _ => None,
        };
        let standard = Standard::read(&mut r)?;
        Ok(Self { id, project_id, floating_network_id, floating_port_id, floating_ip_address, association, standard })
    }
}

/// The floating IP with that id.
pub(crate) async fn find(db: &impl Read, id: FloatingIpId) -> Result<Option<FloatingIpRow>, DbError> {
    Ok(find_many(db, &[id]).await?.into_iter().next())
}

/// The floating IPs with these ids.
pub(crate) async fn find_many(db: &impl Read, ids: &[FloatingIpId]) -> Result<Vec<FloatingIpRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("id", ids).push(" ORDER BY id");
    db.list(sql).await
}

/// The floating IPs that lead to these ports.
pub(crate) async fn list_of_ports(db: &impl Read, ports: &[PortId]) -> Result<Vec<FloatingIpRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("port_id", ports).push(" ORDER BY id");
    db.list(sql).await
}

/// The floating IPs that go through these routers.
pub(crate) async fn list_of_routers(db: &impl Read, routers: &[RouterId]) -> Result<Vec<FloatingIpRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("router_id", routers).push(" ORDER BY id");
    db.list(sql).await
}

/// A page of floating IPs.
///
/// # Errors
/// As [`Listing::run`].
pub(crate) async fn list(db: &Db, scope: &Scope, listing: &Listing) -> Result<Found<FloatingIpRow>, NetworkError> {
    listing
        .run(db, SELECT, "floating_ip", |sql| {
            scope.narrow(sql, "");
            for (_, values) in &listing.special {
                let (active, down) =
                    (values.iter().any(|value| value == "ACTIVE"), values.iter().any(|value| value == "DOWN"));
                match (active, down) {
                    (true, true) => {}
                    (true, false) => drop(sql.and_literal("port_id IS NOT NULL")),
                    (false, true) => drop(sql.and_literal("port_id IS NULL")),
                    (false, false) => drop(sql.and_literal("1 = 0")),
                }
            }
        })
        .await
}

/// Adds a floating IP.
///
/// # Errors
/// [`DbError::Duplicate`] when another one leads to the same address of the same port.
pub(crate) async fn insert(tx: &Tx, row: &FloatingIpRow) -> Result<(), DbError> {
    let (standard, to) = (&row.standard, row.association.as_ref());
    tx.exec(
        "INSERT INTO floating_ip (id, project_id, floating_network_id, floating_port_id, floating_ip_address, port_id, \
         fixed_ip_address, router_id, description, tags, revision, created_us, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        args![
            row.id,
            row.project_id,
            row.floating_network_id,
            row.floating_port_id,
            row.floating_ip_address.to_string(),
            to.map(|to| to.port_id),
            to.map(|to| to.fixed_ip_address.to_string()),
            to.map(|to| to.router_id),
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

/// Writes what can change, if the row still has the revision before `row`'s.
///
/// # Errors
/// [`DbError::Duplicate`] when another one leads to the same address of the same port.
pub(crate) async fn update(tx: &Tx, row: &FloatingIpRow) -> Result<bool, DbError> {
    let to = row.association.as_ref();
    tx.changed(
        "UPDATE floating_ip SET port_id = ?, fixed_ip_address = ?, router_id = ?, description = ?, revision = ?, updated_us = ? \
         WHERE id = ? AND revision = ?",
        args![
            to.map(|to| to.port_id),
            to.map(|to| to.fixed_ip_address.to_string()),
            to.map(|to| to.router_id),
            row.standard.description,
            row.standard.revision,
            row.standard.updated,
            row.id,
            row.standard.revision - 1
        ],
    )
    .await
}

/// Lets floating IPs lead to that port no more.
pub(crate) async fn release_port(tx: &Tx, port: PortId, now: Timestamp) -> Result<u64, DbError> {
    tx.exec(
        "UPDATE floating_ip SET port_id = NULL, fixed_ip_address = NULL, router_id = NULL, revision = revision + 1, updated_us = ? \
         WHERE port_id = ?",
        args![now, port],
    )
    .await
}

/// Removes a floating IP; `false` when it is gone.
pub(crate) async fn delete(tx: &Tx, id: FloatingIpId) -> Result<bool, DbError> {
    tx.changed("DELETE FROM floating_ip WHERE id = ?", args![id]).await
}
