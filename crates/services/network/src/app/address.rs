//! Which addresses a port gets.
//!
//! Theory of operation. An address is taken by inserting its row, whose key is unique; whoever comes second sees a
//! duplicate and tries another one, in the same transaction. Candidates come from a cursor per subnet in memory that
//! moves through the pools and begins anew at their end, so an address that was given back rests for a while, and
//! transactions of one process never try the same one. After a start the cursor begins behind the highest address in
//! use. Only after several duplicates in a row (another controller, or pools that are nearly full) the used addresses
//! are read to find a gap.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use ferrostack_db::Tx;

use crate::{
    Network,
    app::{cidr, mac},
    error::NetworkError,
    ids::{PortId, SubnetId},
    store::{
        self,
        address::{address, number},
        port::PortAddress,
        subnet::{Pool, SubnetRow},
    },
};

/// How many addresses a port may have.
const MAX_ADDRESSES: usize = 5;
/// How many candidates are tried before the used addresses are read.
const GUESSES: usize = 4;
/// How many used addresses are read at once.
const SCAN: usize = 512;

/// Where each subnet's next address is looked for.
#[derive(Default)]
pub(crate) struct Cursors(Mutex<HashMap<SubnetId, u128>>);

impl Cursors {
    fn is_known(&self, subnet: SubnetId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&subnet)
    }

    fn begin_at(&self, subnet: SubnetId, at: u128) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(subnet).or_insert(at);
    }

    /// The next candidate; the cursor moves on.
    fn next(&self, subnet: SubnetId, pools: &[Pool]) -> Option<IpAddr> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = pools.first()?;
        let at = all.entry(subnet).or_insert_with(|| number(first.start));
        let pool = pools.iter().find(|pool| number(pool.end) >= *at).unwrap_or(first);
        let candidate = (*at).clamp(number(pool.start), number(pool.end));
        // Beyond the last pool the search begins with the first again.
        let candidate = if *at > number(pool.end) { number(pool.start) } else { candidate };
        *at = candidate.saturating_add(1);
        Some(address(candidate, pool.start))
    }

    fn jump(&self, subnet: SubnetId, behind: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(subnet, number(behind).saturating_add(1));
    }

    /// Forgets a subnet that is gone or has other pools now.
    pub(crate) fn forget(&self, subnet: SubnetId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&subnet);
    }
}

/// An address that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RequestedIp {
    /// Of that subnet.
    pub subnet_id: Option<SubnetId>,
    /// This one.
    pub ip_address: Option<IpAddr>,
}

/// An address that a port shall get.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wanted {
    /// This one.
    Exactly(SubnetId, IpAddr),
    /// One of the first of these subnets that has a free one.
    AnyOf(Vec<SubnetRow>),
}

/// Decides what a port on a network with these subnets gets. `requested` is `None` when the request leaves it open.
pub(crate) fn plan(
    subnets: &[SubnetRow],
    requested: Option<&[RequestedIp]>,
    mac_address: &str,
    is_router_port: bool,
) -> Result<Vec<Wanted>, NetworkError> {
    let mut wanted = match requested {
        Some(requested) => {
            if requested.len() > MAX_ADDRESSES {
                return Err(NetworkError::invalid(format!(
                    "Invalid input for fixed_ips: {} addresses were asked for, a port has at most {MAX_ADDRESSES}.",
                    requested.len()
                )));
            }
            requested
                .iter()
                .map(|ip| plan_requested(subnets, ip, mac_address, is_router_port))
                .collect::<Result<Vec<_>, _>>()?
        }
        None => {
            let of = |version: u8| -> Vec<SubnetRow> {
                subnets
                    .iter()
                    .filter(|subnet| subnet.ip_version() == version && !subnet.is_auto_address())
                    .cloned()
                    .collect()
            };
            [of(4), of(6)].into_iter().filter(|subnets| !subnets.is_empty()).map(Wanted::AnyOf).collect()
        }
    };
    let none_wanted = requested.is_some_and(<[_]>::is_empty);
    if !is_router_port && !none_wanted {
        for subnet in subnets.iter().filter(|subnet| subnet.is_auto_address()) {
            let Some(ip) = mac::eui64(&subnet.cidr, mac_address) else { continue };
            let own = Wanted::Exactly(subnet.id, ip);
            if !wanted.contains(&own) {
                wanted.push(own);
            }
        }
    }
    Ok(wanted)
}

fn plan_requested(
    subnets: &[SubnetRow],
    ip: &RequestedIp,
    mac_address: &str,
    is_router_port: bool,
) -> Result<Wanted, NetworkError> {
    let subnet = match (ip.subnet_id, ip.ip_address) {
        (Some(id), _) => subnets.iter().find(|subnet| subnet.id == id).ok_or_else(|| {
            NetworkError::invalid(format!(
                "Invalid input for fixed_ips: subnet {id} does not belong to the port's network."
            ))
        })?,
        (None, Some(address)) => subnets.iter().find(|subnet| subnet.cidr.contains(&address)).ok_or_else(|| {
            NetworkError::bad(
                "InvalidIpForNetwork",
                format!("IP address {address} is not a valid IP for any of the subnets on the network."),
            )
        })?,
        (None, None) => {
            return Err(NetworkError::invalid(
                "Invalid input for fixed_ips: an entry names neither subnet_id nor ip_address.",
            ));
        }
    };
    let Some(address) = ip.ip_address else {
        return Ok(
            match mac::eui64(&subnet.cidr, mac_address).filter(|_| subnet.is_auto_address() && !is_router_port) {
                Some(own) => Wanted::Exactly(subnet.id, own),
                None => Wanted::AnyOf(vec![subnet.clone()]),
            },
        );
    };
    let fits = cidr::usable(&subnet.cidr).is_some_and(|usable| cidr::in_pool(&usable, address));
    if !fits {
        let message = format!("IP address {address} is not a valid IP for subnet {} ({}).", subnet.id, subnet.cidr);
        return Err(NetworkError::bad("InvalidIpForSubnet", message));
    }
    if subnet.is_auto_address() && !is_router_port && mac::eui64(&subnet.cidr, mac_address) != Some(address) {
        let message = format!(
            "IPv6 address {address} cannot be chosen: ports of subnet {} make their address themselves.",
            subnet.id
        );
        return Err(NetworkError::bad("AllocationOnAutoAddressSubnet", message));
    }
    Ok(Wanted::Exactly(subnet.id, address))
}

impl Network {
    /// Takes the addresses for the port.
    pub(crate) async fn take_addresses(
        &self,
        tx: &Tx,
        wanted: &[Wanted],
        port: PortId,
    ) -> Result<Vec<PortAddress>, NetworkError> {
        let mut taken = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            taken.push(match wanted {
                Wanted::Exactly(subnet, ip) => {
                    if !store::address::insert(tx, *subnet, *ip, port).await? {
                        let message = format!("IP address {ip} already allocated in subnet {subnet}.");
                        return Err(NetworkError::conflict("IpAddressAlreadyAllocated", message));
                    }
                    PortAddress { subnet_id: *subnet, ip_address: *ip }
                }
                Wanted::AnyOf(subnets) => self.take_any(tx, subnets, port).await?,
            });
        }
        Ok(taken)
    }

    async fn take_any(&self, tx: &Tx, subnets: &[SubnetRow], port: PortId) -> Result<PortAddress, NetworkError> {
        for subnet in subnets {
            if let Some(ip_address) = self.take_next(tx, subnet, port).await? {
                return Ok(PortAddress { subnet_id: subnet.id, ip_address });
            }
        }
        let network = subnets.first().map(|subnet| subnet.network_id.to_string()).unwrap_or_default();
        let message = format!("No more IP addresses available on network {network}.");
        Err(NetworkError::conflict("IpAddressGenerationFailure", message))
    }

    async fn take_next(&self, tx: &Tx, subnet: &SubnetRow, port: PortId) -> Result<Option<IpAddr>, NetworkError> {
        let pools = &subnet.allocation_pools;
        if !self.cursors().is_known(subnet.id) {
            self.cursors().begin_at(subnet.id, begin(tx, subnet).await?);
        }
        for _ in 0..GUESSES {
            let Some(candidate) = self.cursors().next(subnet.id, pools) else { return Ok(None) };
            if store::address::insert(tx, subnet.id, candidate, port).await? {
                return Ok(Some(candidate));
            }
        }
        for pool in pools {
            let mut from = pool.start;
            loop {
                let used = store::address::list_range(tx, subnet.id, from, pool.end, SCAN).await?;
                let (gap, last) = first_gap(from, pool.end, &used);
                if let Some(gap) = gap {
                    if store::address::insert(tx, subnet.id, gap, port).await? {
                        self.cursors().jump(subnet.id, gap);
                        return Ok(Some(gap));
                    }
                    // Somebody took it just now: look on behind it.
                    if gap >= pool.end {
                        break;
                    }
                    from = address(number(gap) + 1, gap);
                } else if last >= pool.end {
                    break;
                } else {
                    from = address(number(last) + 1, last);
                }
            }
        }
        Ok(None)
    }
}

/// Where the search in a subnet begins after a start: behind the highest address in use.
async fn begin(tx: &Tx, subnet: &SubnetRow) -> Result<u128, NetworkError> {
    for pool in subnet.allocation_pools.iter().rev() {
        if let Some(highest) = store::address::highest(tx, subnet.id, pool.start, pool.end).await? {
            return Ok(number(highest).saturating_add(1));
        }
    }
    Ok(subnet.allocation_pools.first().map_or(0, |pool| number(pool.start)))
}

/// The first address from `from` on that `used` (in order, perhaps cut off) lacks, and how far `used` was looked at.
fn first_gap(from: IpAddr, end: IpAddr, used: &[IpAddr]) -> (Option<IpAddr>, IpAddr) {
    let mut expected = number(from);
    for ip in used {
        if number(*ip) != expected {
            return (Some(address(expected, from)), *ip);
        }
        expected = expected.saturating_add(1);
    }
    if expected > number(end) {
        return (None, end);
    }
    if used.len() == SCAN { (None, address(expected - 1, from)) } else { (Some(address(expected, from)), end) }
}

#[cfg(test)]
mod tests;
