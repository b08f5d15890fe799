//! Addresses in use: one row each, unique within a subnet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ferrostack_db::{DbError, Read, Tx, args};

use crate::ids::{PortId, SubnetId};

/// An address as a number.
pub(crate) fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

/// A number as an address of the same family as `like`.
pub(crate) fn address(number: u128, like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

/// The key by which addresses of a subnet sort as numbers.
fn key(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("{:08x}", u32::from(ip)),
        IpAddr::V6(ip) => format!("{:032x}", u128::from(ip)),
    }
}

/// Takes an address for a port; `false` when somebody has it.
///
/// # Errors
/// [`DbError::Reference`] when the subnet is gone.
pub(crate) async fn insert(tx: &Tx, subnet: SubnetId, ip: IpAddr, port: PortId) -> Result<bool, DbError> {
    let inserted = tx
        .exec(
            "INSERT INTO ip_allocation (subnet_id, ip_key, ip, port_id) VALUES (?, ?, ?, ?)",
            args![subnet, key(ip), ip.to_string(), port],
        )
        .await;
    match inserted {
        Ok(_) => Ok(true),
        Err(error) if error.is_duplicate() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives an address of a port back.
pub(crate) async fn delete(tx: &Tx, subnet: SubnetId, ip: IpAddr, port: PortId) -> Result<bool, DbError> {
    tx.changed(
        "DELETE FROM ip_allocation WHERE subnet_id = ? AND ip_key = ? AND port_id = ?",
        args![subnet, key(ip), port],
    )
    .await
}

/// The port that has an address.
pub(crate) async fn find(db: &impl Read, subnet: SubnetId, ip: IpAddr) -> Result<Option<PortId>, DbError> {
    let row =
        db.one("SELECT port_id FROM ip_allocation WHERE subnet_id = ? AND ip_key = ?", args![subnet, key(ip)]).await?;
    row.map(|row| row.at(0)).transpose()
}

/// The highest address in use of a range.
pub(crate) async fn highest(
    db: &impl Read,
    subnet: SubnetId,
    from: IpAddr,
    to: IpAddr,
) -> Result<Option<IpAddr>, DbError> {
    let sql =
        "SELECT ip FROM ip_allocation WHERE subnet_id = ? AND ip_key >= ? AND ip_key <= ? ORDER BY ip_key DESC LIMIT 1";
    let row = db.one(sql, args![subnet, key(from), key(to)]).await?;
    Ok(row.map(|row| row.at::<String>(0)).transpose()?.and_then(|text| text.parse().ok()))
}

/// Addresses in use of a range in order, at most `limit`.
pub(crate) async fn list_range(
    db: &impl Read,
    subnet: SubnetId,
    from: IpAddr,
    to: IpAddr,
    limit: usize,
) -> Result<Vec<IpAddr>, DbError> {
    let sql =
        "SELECT ip FROM ip_allocation WHERE subnet_id = ? AND ip_key >= ? AND ip_key <= ? ORDER BY ip_key LIMIT ?";
    let rows = db.all(sql, args![subnet, key(from), key(to), limit]).await?;
    let texts: Vec<String> = rows.iter().map(|row| row.at(0)).collect::<Result<_, _>>()?;
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}
