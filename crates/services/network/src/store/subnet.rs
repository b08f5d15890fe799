//! Rows of subnets.

use std::net::IpAddr;

use ferrostack_db::{Db, DbError, FromRow, Json, Read, Row, Sql, Tx, args};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    error::NetworkError,
    ids::{NetworkId, SubnetId},
    query::{Attribute, Found, Listing, Scope, ValueKind},
    store::{Reader, Standard},
};

/// A range of addresses, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pool {
    /// The first.
    pub start: IpAddr,
    /// The last.
    pub end: IpAddr,
}

/// A route that DHCP tells to servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HostRoute {
    /// Where to.
    pub destination: IpNet,
    /// Via whom.
    pub nexthop: IpAddr,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubnetRow {
    /// Its id.
    pub id: SubnetId,
    /// Whose it is.
    pub project_id: String,
    /// Its network.
    pub network_id: NetworkId,
    /// Its name.
    pub name: String,
    /// Its prefix.
    pub cidr: IpNet,
    /// The router's address.
    pub gateway_ip: Option<IpAddr>,
    /// Whether DHCP answers.
    pub enable_dhcp: bool,
    /// How routers advertise it (IPv6): `slaac`, `dhcpv6-stateful`, `dhcpv6-stateless`.
    pub ipv6_ra_mode: Option<String>,
    /// How servers get their addresses (IPv6).
    pub ipv6_address_mode: Option<String>,
    /// What new ports get addresses from.
    pub allocation_pools: Vec<Pool>,
    /// Name servers.
    pub dns_nameservers: Vec<IpAddr>,
    /// Further routes.
    pub host_routes: Vec<HostRoute>,
    /// The rest.
    pub standard: Standard,
}

impl SubnetRow {
    /// 4 or 6.
    pub(crate) fn ip_version(&self) -> u8 {
        if matches!(self.cidr, IpNet::V4(_)) { 4 } else { 6 }
    }

    /// Whether servers make their addresses themselves, from their MAC address.
    pub(crate) fn is_auto_address(&self) -> bool {
        matches!(self.ipv6_address_mode.as_deref(), Some("slaac" | "dhcpv6-stateless"))
            || self.ipv6_address_mode.is_none()
                && matches!(self.ipv6_ra_mode.as_deref(), Some("slaac" | "dhcpv6-stateless"))
    }
}

const SELECT: &str = "SELECT id, project_id, network_id, name, cidr, gateway_ip, enable_dhcp, ipv6_ra_mode, ipv6_address_mode, \
    allocation_pools, dns_nameservers, host_routes, description, tags, revision, created_us, updated_us FROM subnet WHERE 1 = 1";

/// What can be filtered and sorted by.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("name"),
    Attribute::text("description"),
    Attribute::text("project_id"),
    Attribute::new("tenant_id", "project_id", ValueKind::Text),
    Attribute::text("network_id"),
    Attribute::new("ip_version", "ip_version", ValueKind::Int),
    Attribute::new("cidr", "cidr", ValueKind::Prefix),
    Attribute::new("gateway_ip", "gateway_ip", ValueKind::Address),
    Attribute::new("enable_dhcp", "enable_dhcp", ValueKind::Bool),
    Attribute::new("ipv6_ra_mode", "ipv6_ra_mode", ValueKind::Nullable),
    Attribute::new("ipv6_address_mode", "ipv6_address_mode", ValueKind::Nullable),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];

/// Filters beyond columns.
pub(crate) const SPECIAL: &[&str] = &["shared", "subnetpool_id"];

impl FromRow for SubnetRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let mut r = Reader::new(row);
        Ok(Self {
            id: r.next()?,
            project_id: r.next()?,
            network_id: r.next()?,
            name: r.next()?,
            cidr: r.parse("a prefix")?,
            gateway_ip: r.parse_option("an address")?,
            enable_dhcp: r.next()?,
            ipv6_ra_mode: r.next()?,
            ipv6_address_mode: r.next()?,
            allocation_pools: r.json()?,
            dns_nameservers: r.json()?,
            host_routes: r.json()?,
            standard: Standard::read(&mut r)?,
        })
    }
}

/// The subnet with that id.
pub(crate) async fn find(db: &impl Read, id: SubnetId) -> Result<Option<SubnetRow>, DbError> {
    Ok(find_many(db, &[id]).await?.into_iter().next())
}

/// The subnets with these ids.
pub(crate) async fn find_many(db: &impl Read, ids: &[SubnetId]) -> Result<Vec<SubnetRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("id", ids).push(" ORDER BY id");
    db.list(sql).await
}

/// All subnets of these networks, oldest first.
pub(crate) async fn list_of_networks(db: &impl Read, networks: &[NetworkId]) -> Result<Vec<SubnetRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("network_id", networks).push(" ORDER BY created_us, id");
    db.list(sql).await
}

/// A page of subnets.
///
/// # Errors
/// As [`Listing::run`].
pub(crate) async fn list(db: &Db, scope: &Scope, listing: &Listing) -> Result<Found<SubnetRow>, NetworkError> {
    listing
        .run(db, SELECT, "subnet", |sql| {
            scope.narrow(sql, "network_id IN (SELECT id FROM network WHERE shared = 1)");
            for (name, values) in &listing.special {
                let yes = values.iter().any(|value| value.eq_ignore_ascii_case("true") || value == "1");
                match *name {
                    "shared" if yes => drop(sql.and_literal("network_id IN (SELECT id FROM network WHERE shared = 1)")),
                    "shared" => drop(sql.and_literal("network_id IN (SELECT id FROM network WHERE shared = 0)")),
                    // Subnets come from no pool here.
                    "subnetpool_id" if values.iter().all(|value| !value.is_empty()) => drop(sql.and_literal("1 = 0")),
                    _ => {}
                }
            }
        })
        .await
}

/// Adds a subnet.
pub(crate) async fn insert(tx: &Tx, row: &SubnetRow) -> Result<(), DbError> {
    let standard = &row.standard;
    tx.exec(
        "INSERT INTO subnet (id, project_id, network_id, name, ip_version, cidr, gateway_ip, enable_dhcp, ipv6_ra_mode, \
         ipv6_address_mode, allocation_pools, dns_nameservers, host_routes, description, tags, revision, created_us, updated_us) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        args![
            row.id,
            row.project_id,
            row.network_id,
            row.name,
            row.ip_version(),
            row.cidr.to_string(),
            row.gateway_ip.map(|ip| ip.to_string()),
            row.enable_dhcp,
            row.ipv6_ra_mode,
            row.ipv6_address_mode,
            Json(&row.allocation_pools),
            Json(&row.dns_nameservers),
            Json(&row.host_routes),
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
pub(crate) async fn update(tx: &Tx, row: &SubnetRow) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE subnet SET name = ?, gateway_ip = ?, enable_dhcp = ?, allocation_pools = ?, dns_nameservers = ?, host_routes = ?, \
         description = ?, revision = ?, updated_us = ? WHERE id = ? AND revision = ?",
        args![
            row.name,
            row.gateway_ip.map(|ip| ip.to_string()),
            row.enable_dhcp,
            Json(&row.allocation_pools),
            Json(&row.dns_nameservers),
            Json(&row.host_routes),
            row.standard.description,
            row.standard.revision,
            row.standard.updated,
            row.id,
            row.standard.revision - 1
        ],
    )
    .await
}

/// Removes a subnet; `false` when it is gone.
///
/// # Errors
/// [`DbError::Reference`] while ports have addresses of it.
pub(crate) async fn delete(tx: &Tx, id: SubnetId) -> Result<bool, DbError> {
    tx.changed("DELETE FROM subnet WHERE id = ?", args![id]).await
}
