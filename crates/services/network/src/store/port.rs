//! Rows of ports. Addresses and security groups stand in the row itself, for lists, and in side tables, for uniqueness
//! and look-up; both are written in the same transaction.

use std::{collections::BTreeMap, net::IpAddr};

use ferrostack_base::Timestamp;
use ferrostack_db::{Db, DbError, FromRow, Json, Read, Row, Sql, Tx, args};
use serde::{Deserialize, Serialize};

use crate::{
    error::NetworkError,
    ids::{NetworkId, PortId, SecurityGroupId, SubnetId},
    query::{Attribute, Found, Listing, Scope, ValueKind},
    store::{Reader, Standard},
};

/// `device_owner` of a router's interface.
pub(crate) const ROUTER_INTERFACE: &str = "network:router_interface";
/// `device_owner` of a router's gateway.
pub(crate) const ROUTER_GATEWAY: &str = "network:router_gateway";
/// `device_owner` of the port that holds a floating IP's address.
pub(crate) const FLOATING_IP: &str = "network:floatingip";
/// `device_owner` of a network's metadata port: it is on every chassis, and never leaves it.
pub(crate) const METADATA: &str = "network:distributed";

/// An address of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PortAddress {
    /// The subnet it belongs to.
    pub subnet_id: SubnetId,
    /// The address.
    pub ip_address: IpAddr,
}

/// A further address from which a port may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AddressPair {
    /// Address or prefix.
    pub ip_address: String,
    /// The port's own when none was given.
    pub mac_address: String,
}

/// A DHCP option of one port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DhcpOption {
    /// Its name, as dnsmasq has it.
    pub opt_name: String,
    /// Its value.
    pub opt_value: String,
    /// 4 or 6.
    pub ip_version: u8,
}

/// A port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortRow {
    /// Its id.
    pub id: PortId,
    /// Whose it is.
    pub project_id: String,
    /// Its network.
    pub network_id: NetworkId,
    /// Its name.
    pub name: String,
    /// Its MAC address, in lower case.
    pub mac_address: String,
    /// Whether it forwards.
    pub admin_state_up: bool,
    /// `ACTIVE` when a chassis has it, else `DOWN`.
    pub status: String,
    /// What it belongs to.
    pub device_id: String,
    /// What kind of thing that is.
    pub device_owner: String,
    /// Its addresses.
    pub fixed_ips: Vec<PortAddress>,
    /// Its security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// Whether only its own addresses may be used, and its security groups apply.
    pub port_security_enabled: bool,
    /// Further addresses.
    pub allowed_address_pairs: Vec<AddressPair>,
    /// DHCP options.
    pub extra_dhcp_opts: Vec<DhcpOption>,
    /// The host; empty = not bound.
    pub binding_host: String,
    /// `normal`, `direct` ...
    pub binding_vnic_type: String,
    /// What compute tells the network.
    pub binding_profile: BTreeMap<String, serde_json::Value>,
    /// Its name in DNS.
    pub dns_name: String,
    /// The rest.
    pub standard: Standard,
}

impl PortRow {
    /// Whether it is a port of a router: an interface or the gateway.
    pub(crate) fn is_router_port(&self) -> bool {
        self.device_owner == ROUTER_INTERFACE || self.device_owner == ROUTER_GATEWAY
    }
}

const SELECT: &str = "SELECT id, project_id, network_id, name, mac_address, admin_state_up, status, device_id, device_owner, \
    fixed_ips, security_groups, port_security_enabled, allowed_address_pairs, extra_dhcp_opts, binding_host, binding_vnic_type, \
    binding_profile, dns_name, description, tags, revision, created_us, updated_us FROM port WHERE 1 = 1";

/// What can be filtered and sorted by.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("name"),
    Attribute::text("description"),
    Attribute::text("project_id"),
    Attribute::new("tenant_id", "project_id", ValueKind::Text),
    Attribute::text("network_id"),
    Attribute::text("mac_address"),
    Attribute::new("admin_state_up", "admin_state_up", ValueKind::Bool),
    Attribute::text("status"),
    Attribute::text("device_id"),
    Attribute::text("device_owner"),
    Attribute::new("port_security_enabled", "port_security_enabled", ValueKind::Bool),
    Attribute::new("binding:host_id", "binding_host", ValueKind::Text),
    Attribute::new("binding:vnic_type", "binding_vnic_type", ValueKind::Text),
    Attribute::text("dns_name"),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];

/// Filters beyond columns.
pub(crate) const SPECIAL: &[&str] = &["fixed_ips", "security_groups"];

impl FromRow for PortRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let mut r = Reader::new(row);
        Ok(Self {
            id: r.next()?,
            project_id: r.next()?,
            network_id: r.next()?,
            name: r.next()?,
            mac_address: r.next()?,
            admin_state_up: r.next()?,
            status: r.next()?,
            device_id: r.next()?,
            device_owner: r.next()?,
            fixed_ips: r.json()?,
            security_groups: r.json()?,
            port_security_enabled: r.next()?,
            allowed_address_pairs: r.json()?,
            extra_dhcp_opts: r.json()?,
            binding_host: r.next()?,
            binding_vnic_type: r.next()?,
            binding_profile: r.json()?,
            dns_name: r.next()?,
            standard: Standard::read(&mut r)?,
        })
    }
}

/// The port with that id.
pub(crate) async fn find(db: &impl Read, id: PortId) -> Result<Option<PortRow>, DbError> {
    Ok(find_many(db, &[id]).await?.into_iter().next())
}

/// The ports with these ids.
pub(crate) async fn find_many(db: &impl Read, ids: &[PortId]) -> Result<Vec<PortRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("id", ids).push(" ORDER BY id");
    db.list(sql).await
}

/// The ports of these devices (servers, routers), oldest first.
pub(crate) async fn list_of_devices(db: &impl Read, devices: &[String]) -> Result<Vec<PortRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and_in("device_id", devices).push(" ORDER BY created_us, id");
    db.list(sql).await
}

/// The ports on a network, oldest first.
pub(crate) async fn list_of_network(db: &impl Read, network: NetworkId) -> Result<Vec<PortRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and("network_id = ?", network).push(" ORDER BY created_us, id");
    db.list(sql).await
}

/// Ports that have addresses of a subnet.
pub(crate) async fn list_of_subnet(db: &impl Read, subnet: SubnetId) -> Result<Vec<PortRow>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.and("id IN (SELECT port_id FROM ip_allocation WHERE subnet_id = ?)", subnet).push(" ORDER BY id");
    db.list(sql).await
}

/// Id, device and host of ports that belong to servers.
pub(crate) async fn list_of_servers(db: &impl Read) -> Result<Vec<(PortId, String, String)>, DbError> {
    let sql = "SELECT id, device_id, binding_host FROM port WHERE device_owner >= 'compute:' AND device_owner < 'compute;' ORDER BY id";
    db.all(sql, vec![]).await?.iter().map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?))).collect()
}

/// The device of a server's port that has the address on the network.
pub(crate) async fn device_at(db: &impl Read, network: NetworkId, ip: IpAddr) -> Result<Option<String>, DbError> {
    let sql = "SELECT device_id FROM port WHERE network_id = ? AND device_owner >= 'compute:' AND device_owner < 'compute;' \
        AND id IN (SELECT port_id FROM ip_allocation WHERE ip = ?)";
    db.one(sql, args![network, ip.to_string()]).await?.map(|row| row.at(0)).transpose()
}

/// The device of a server's port that has the MAC address on the network.
pub(crate) async fn device_with_mac(db: &impl Read, network: NetworkId, mac: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT device_id FROM port WHERE network_id = ? AND mac_address = ? AND device_owner >= 'compute:' \
        AND device_owner < 'compute;'";
    db.one(sql, args![network, mac]).await?.map(|row| row.at(0)).transpose()
}

/// A page of ports.
///
/// # Errors
/// As [`Listing::run`].
pub(crate) async fn list(db: &Db, scope: &Scope, listing: &Listing) -> Result<Found<PortRow>, NetworkError> {
    listing
        .run(db, SELECT, "port", |sql| {
            if let Scope::Project(project) = scope {
                sql.and_literal("(project_id = ? OR network_id IN (SELECT id FROM network WHERE project_id = ?))");
                sql.bind(project).bind(project);
            }
            for (name, values) in &listing.special {
                match *name {
                    "security_groups" => {
                        sql.push(" AND id IN (SELECT port_id FROM port_security_group WHERE group_id IN (")
                            .list(values)
                            .push("))");
                    }
                    _ => push_fixed_ips(sql, values),
                }
            }
        })
        .await
}

/// `fixed_ips=ip_address=A`, `subnet_id=S`, `ip_address_substr=X`; equal keys are alternatives, different ones hold together.
fn push_fixed_ips(sql: &mut Sql, values: &[String]) {
    let of = |key: &str| -> Vec<&str> {
        values
            .iter()
            .filter_map(|value| value.split_once('='))
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value)
            .collect()
    };
    sql.push(" AND id IN (SELECT port_id FROM ip_allocation WHERE 1 = 1");
    let addresses: Vec<String> = of("ip_address")
        .into_iter()
        .map(|text| text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |ip| ip.to_string()))
        .collect();
    if !addresses.is_empty() {
        sql.and_in("ip", &addresses);
    }
    let subnets = of("subnet_id");
    if !subnets.is_empty() {
        sql.and_in("subnet_id", &subnets);
    }
    let parts: Vec<String> = of("ip_address_substr")
        .into_iter()
        .map(|part| format!("%{}%", part.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_")))
        .collect();
    for (index, part) in parts.iter().enumerate() {
        sql.push(if index == 0 { " AND (" } else { " OR " }).push("ip LIKE ? ESCAPE '!'").bind(part);
    }
    sql.push(if parts.is_empty() { ")" } else { "))" });
}

/// Adds a port with its security groups. Its addresses are taken beforehand.
///
/// # Errors
/// [`DbError::Duplicate`] when the id or the MAC address is in use, [`DbError::Reference`] when the network or a group is
/// gone.
pub(crate) async fn insert(tx: &Tx, row: &PortRow) -> Result<(), DbError> {
    let standard = &row.standard;
    tx.exec(
        "INSERT INTO port (id, project_id, network_id, name, mac_address, admin_state_up, status, device_id, device_owner, \
         fixed_ips, security_groups, port_security_enabled, allowed_address_pairs, extra_dhcp_opts, binding_host, \
         binding_vnic_type, binding_profile, dns_name, description, tags, revision, created_us, updated_us) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        args![
            row.id,
            row.project_id,
            row.network_id,
            row.name,
            row.mac_address,
            row.admin_state_up,
            row.status,
            row.device_id,
            row.device_owner,
            Json(&row.fixed_ips),
            Json(&row.security_groups),
            row.port_security_enabled,
            Json(&row.allowed_address_pairs),
            Json(&row.extra_dhcp_opts),
            row.binding_host,
            row.binding_vnic_type,
            Json(&row.binding_profile),
            row.dns_name,
            standard.description,
            Json(&standard.tags),
            standard.revision,
            standard.created,
            standard.updated
        ],
    )
    .await?;
    insert_groups(tx, row.id, &row.security_groups).await
}

async fn insert_groups(tx: &Tx, id: PortId, groups: &[SecurityGroupId]) -> Result<(), DbError> {
    let rows = groups.iter().map(|group| args![id, group]).collect();
    tx.insert_many("INSERT INTO port_security_group (port_id, group_id) VALUES", rows).await
}

/// Writes what can change, if the row still has the revision before `row`'s.
pub(crate) async fn update(tx: &Tx, row: &PortRow) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE port SET project_id = ?, name = ?, mac_address = ?, admin_state_up = ?, status = ?, device_id = ?, \
         device_owner = ?, fixed_ips = ?, security_groups = ?, port_security_enabled = ?, allowed_address_pairs = ?, \
         extra_dhcp_opts = ?, binding_host = ?, binding_vnic_type = ?, binding_profile = ?, dns_name = ?, description = ?, \
         revision = ?, updated_us = ? WHERE id = ? AND revision = ?",
        args![
            row.project_id,
            row.name,
            row.mac_address,
            row.admin_state_up,
            row.status,
            row.device_id,
            row.device_owner,
            Json(&row.fixed_ips),
            Json(&row.security_groups),
            row.port_security_enabled,
            Json(&row.allowed_address_pairs),
            Json(&row.extra_dhcp_opts),
            row.binding_host,
            row.binding_vnic_type,
            Json(&row.binding_profile),
            row.dns_name,
            row.standard.description,
            row.standard.revision,
            row.standard.updated,
            row.id,
            row.standard.revision - 1
        ],
    )
    .await
}

/// Replaces the security groups in the side table.
pub(crate) async fn replace_groups(tx: &Tx, id: PortId, groups: &[SecurityGroupId]) -> Result<(), DbError> {
    tx.exec("DELETE FROM port_security_group WHERE port_id = ?", args![id]).await?;
    insert_groups(tx, id, groups).await
}

/// Locks the row until the transaction ends; `false` when it is gone.
pub(crate) async fn lock(tx: &Tx, id: PortId) -> Result<bool, DbError> {
    tx.changed("UPDATE port SET revision = revision WHERE id = ?", args![id]).await
}

/// Writes the status as OVN tells it; tells whether it was another one. OVN need not hear of it, so nothing is queued.
pub(crate) async fn set_status(tx: &Tx, id: PortId, status: &str, now: Timestamp) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE port SET status = ?, revision = revision + 1, updated_us = ? WHERE id = ? AND status <> ?",
        args![status, now, id, status],
    )
    .await
}

/// Removes a port with its addresses and groups; `false` when it is gone.
pub(crate) async fn delete(tx: &Tx, id: PortId) -> Result<bool, DbError> {
    if !tx.changed("DELETE FROM port WHERE id = ?", args![id]).await? {
        return Ok(false);
    }
    tx.exec("DELETE FROM ip_allocation WHERE port_id = ?", args![id]).await?;
    tx.exec("DELETE FROM port_security_group WHERE port_id = ?", args![id]).await?;
    Ok(true)
}
