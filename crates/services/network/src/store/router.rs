//! Rows of routers. Interfaces and the gateway are ports whose device is the router.

use std::net::IpAddr;

use ferrostack_base::Timestamp;
use ferrostack_db::{Db, DbError, FromRow, Json, Read, Row, Sql, Tx, args};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    error::NetworkError,
    ids::{NetworkId, PortId, RouterId},
    query::{Attribute, Found, Listing, Scope, ValueKind, push_always_active},
    store::{Reader, Standard, port::PortAddress},
};

/// A route of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Route {
    /// Where to.
    pub destination: IpNet,
    /// Via whom.
    pub nexthop: IpAddr,
}

/// The way out of a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gateway {
    /// The external network.
    pub network_id: NetworkId,
    /// The router's port on it.
    pub port_id: PortId,
    /// That port's addresses.
    pub external_fixed_ips: Vec<PortAddress>,
}

/// A router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouterRow {
    /// Its id.
    pub id: RouterId,
    /// Whose it is.
    pub project_id: String,
    /// Its name.
    pub name: String,
    /// Whether it forwards.
    pub admin_state_up: bool,
    /// Its way out.
    pub gateway: Option<Gateway>,
    /// Whether addresses inside are translated to its external one.
    pub enable_snat: bool,
    /// Further routes.
    pub routes: Vec<Route>,
    /// The rest.
    pub standard: Standard,
}

const SELECT: &str = "SELECT id, project_id, name, admin_state_up, gateway_network_id, gateway_port_id, external_fixed_ips, \
    enable_snat, routes, description, tags, revision, created_us, updated_us FROM router WHERE 1 = 1";

/// What can be filtered and sorted by.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("name"),
    Attribute::text("description"),
    Attribute::text("project_id"),
    Attribute::new("tenant_id", "project_id", ValueKind::Text),
    Attribute::new("admin_state_up", "admin_state_up", ValueKind::Bool),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];

/// Filters beyond columns.
pub(crate) const SPECIAL: &[&str] = &["status", "external_gateway_info"];

impl FromRow for RouterRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let mut r = Reader::new(row);
        let (id, project_id, name, admin_state_up) = (r.next()?, r.next()?, r.next()?, r.next()?);
        let (network, port): (Option<NetworkId>, Option<PortId>) = (r.next()?, r.next()?);
        let external_fixed_ips = r.json()?;
        let gateway =
            network.zip(port).map(|(network_id, port_id)| Gateway { network_id, port_id, external_fixed_ips });
        Ok(Self {
            id,
            project_id,
            name,
            admin_state_up,
            gateway,
            enable_snat: r.next()?,
            routes: r.json()?,
            standard: Standard::read(&mut r)?,
        })
    }
}

/// The router with that id.
pub(crate) async fn find(db: &impl Read, id: RouterId) -> Result<Option<RouterRow>, DbError> {
    Ok(find_many(db, &[id]).await?.into_iter().next())
}

/// The routers with these ids.
pub(crate) async fn find_many(db: &impl Read, ids: &[RouterId]) -> Result<Vec<RouterRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("id", ids).push(" ORDER BY id");
    db.list(sql).await
}

/// Ids of the routers that have a port on that network, the gateway among them.
pub(crate) async fn list_on_network(db: &impl Read, network: NetworkId) -> Result<Vec<RouterId>, DbError> {
    let sql = "SELECT DISTINCT device_id FROM port WHERE network_id = ? AND device_owner IN (?, ?) ORDER BY device_id";
    let rows = db.all(sql, args![network, super::port::ROUTER_INTERFACE, super::port::ROUTER_GATEWAY]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// A page of routers.
///
/// # Errors
/// As [`Listing::run`].
pub(crate) async fn list(db: &Db, scope: &Scope, listing: &Listing) -> Result<Found<RouterRow>, NetworkError> {
    listing
        .run(db, SELECT, "router", |sql| {
            scope.narrow(sql, "");
            for (name, values) in &listing.special {
                match *name {
                    "status" => push_always_active(sql, values),
                    "external_gateway_info" => {
                        let networks: Vec<&str> =
                            values.iter().filter_map(|value| value.strip_prefix("network_id=")).collect();
                        sql.and_in("gateway_network_id", &networks);
                    }
                    _ => {}
                }
            }
        })
        .await
}

/// Adds a router.
pub(crate) async fn insert(tx: &Tx, row: &RouterRow) -> Result<(), DbError> {
    let (standard, gateway) = (&row.standard, row.gateway.as_ref());
    tx.exec(
        "INSERT INTO router (id, project_id, name, admin_state_up, gateway_network_id, gateway_port_id, external_fixed_ips, \
         enable_snat, routes, description, tags, revision, created_us, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        args![
            row.id,
            row.project_id,
            row.name,
            row.admin_state_up,
            gateway.map(|gateway| gateway.network_id),
            gateway.map(|gateway| gateway.port_id),
            Json(gateway.map_or(&[][..], |gateway| &gateway.external_fixed_ips)),
            row.enable_snat,
            Json(&row.routes),
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
pub(crate) async fn update(tx: &Tx, row: &RouterRow) -> Result<bool, DbError> {
    let gateway = row.gateway.as_ref();
    tx.changed(
        "UPDATE router SET name = ?, admin_state_up = ?, gateway_network_id = ?, gateway_port_id = ?, external_fixed_ips = ?, \
         enable_snat = ?, routes = ?, description = ?, revision = ?, updated_us = ? WHERE id = ? AND revision = ?",
        args![
            row.name,
            row.admin_state_up,
            gateway.map(|gateway| gateway.network_id),
            gateway.map(|gateway| gateway.port_id),
            Json(gateway.map_or(&[][..], |gateway| &gateway.external_fixed_ips)),
            row.enable_snat,
            Json(&row.routes),
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
/// belongs to the router (interfaces, floating IPs) begins with this.
pub(crate) async fn lock(tx: &Tx, id: RouterId, now: Timestamp) -> Result<bool, DbError> {
    tx.changed("UPDATE router SET revision = revision + 1, updated_us = ? WHERE id = ?", args![now, id]).await
}

/// Removes a router; `false` when it is gone.
///
/// # Errors
/// [`DbError::Reference`] while floating IPs go through it.
pub(crate) async fn delete(tx: &Tx, id: RouterId) -> Result<bool, DbError> {
    tx.changed("DELETE FROM router WHERE id = ?", args![id]).await
}
