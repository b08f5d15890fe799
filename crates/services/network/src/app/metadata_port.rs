//! The metadata port of a network: behind its addresses each node serves metadata and name resolution to the guests that
//! it carries.
//!
//! Every network with a subnet that has DHCP owns one, with an address of each such subnet. It belongs to no project, so
//! it counts against nobody's quota, and it is never in the way: it loses its address with the subnet, and goes with the
//! last of them or with the network. Its id follows from the network's, so that there is one only, whoever makes it.

use ferrostack_db::Tx;
use uuid::Uuid;

use crate::{
    Network,
    app::{
        address::{RequestedIp, Wanted, plan},
        port::{
            create::{NewPort, for_service, insert},
            delete::remove_in,
            update::write,
        },
    },
    error::NetworkError,
    ids::{Kind, NetworkId, PortId, SubnetId},
    store::{
        self,
        port::{METADATA, PortRow},
        subnet::SubnetRow,
        sync::Changed,
    },
};

/// The id of a network's metadata port.
pub(crate) fn id_of(network: NetworkId) -> PortId {
    PortId(Uuid::new_v5(&network.0, b"metadata"))
}

/// Brings a network's metadata port to what its subnets say, and gives what changed. The network's row is locked by the
/// caller.
pub(crate) async fn follow(net: &Network, tx: &Tx, network: NetworkId) -> Result<Vec<Changed>, NetworkError> {
    let mut subnets = store::subnet::list_of_networks(tx, &[network]).await?;
    subnets.retain(|subnet| subnet.enable_dhcp);
    let known = store::port::find(tx, id_of(network)).await?;
    let row = match (known, subnets.is_empty()) {
        (None, true) => return Ok(Vec::new()),
        (Some(row), true) => return Ok(remove_in(net, tx, row.id, row.standard.revision).await?.unwrap_or_default()),
        (Some(row), false) => row,
        (None, false) => insert(net, tx, &new(net, network)).await?,
    };
    let row = move_to(net, tx, row, &subnets).await?;
    let mut changed = vec![(Kind::Port, row.id.0, row.standard.revision)];
    // DHCP tells its addresses.
    changed.extend(subnets.iter().map(|subnet| (Kind::Subnet, subnet.id.0, subnet.standard.revision)));
    Ok(changed)
}

fn new(net: &Network, network: NetworkId) -> NewPort {
    let mut row = for_service(net, "", network, METADATA, format!("ovnmeta-{network}"));
    row.id = id_of(network);
    NewPort { row, subnets: Vec::new(), requested: Some(Vec::new()), generated_mac: true }
}

/// Gives the port an address of each of these subnets, and of no others.
async fn move_to(net: &Network, tx: &Tx, mut row: PortRow, subnets: &[SubnetRow]) -> Result<PortRow, NetworkError> {
    let before = row.fixed_ips.clone();
    for lost in row.fixed_ips.extract_if(.., |ip| !subnets.iter().any(|subnet| subnet.id == ip.subnet_id)) {
        store::address::delete(tx, lost.subnet_id, lost.ip_address, row.id).await?;
    }
    for subnet in subnets {
        if row.fixed_ips.iter().any(|ip| ip.subnet_id == subnet.id) {
            continue;
        }
        match net.take_addresses(tx, &wanted(subnet, &row)?, row.id).await {
            Ok(taken) => row.fixed_ips.extend(taken),
            // A subnet that has no address left is served through the others.
            Err(NetworkError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if row.fixed_ips != before {
        row.standard.touch(net.clock().now());
        write(tx, &row).await?;
    }
    Ok(row)
}

fn wanted(subnet: &SubnetRow, row: &PortRow) -> Result<Vec<Wanted>, NetworkError> {
    let some = [RequestedIp { subnet_id: Some(subnet.id), ip_address: None }];
    plan(std::slice::from_ref(subnet), Some(&some), &row.mac_address, false)
}

/// The subnets of which a metadata port has addresses, as changes: what DHCP tells of a port that was changed by hand.
pub(crate) fn told_by(row: &PortRow) -> impl Iterator<Item = Changed> {
    let subnets = row.fixed_ips.iter().map(|ip| ip.subnet_id).collect::<Vec<SubnetId>>();
    subnets.into_iter().filter(|_| row.device_owner == METADATA).map(|id| (Kind::Subnet, id.0, 0))
}
