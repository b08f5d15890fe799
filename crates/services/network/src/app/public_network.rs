//! The external network that a new cloud begins with.

use std::net::IpAddr;

use ipnet::IpNet;
use uuid::Uuid;

use crate::{
    Network,
    app::{cidr, subnet},
    error::NetworkError,
    ids::{NetworkId, SubnetId},
    store::{
        self, Standard,
        network::NetworkRow,
        subnet::{Pool, SubnetRow},
    },
};

/// The external network of a new cloud.
#[derive(Debug, Clone)]
pub struct PublicNetwork {
    /// Its name, such as `public`.
    pub name: String,
    /// Whose it is: the administrators' project.
    pub project_id: String,
    /// One of the known physical networks.
    pub physical_network: String,
    /// The prefix of its subnet.
    pub cidr: IpNet,
    /// The router out of it; `None` = the first usable address.
    pub gateway_ip: Option<IpAddr>,
    /// What floating IPs and gateways get addresses from; `None` = all but the gateway's.
    pub pool: Option<(IpAddr, IpAddr)>,
}

/// Ids of the first network follow from its name, so that two controllers that start together make one.
const NAMESPACE: Uuid = Uuid::from_u128(0x6665_7272_6f73_7461_636b_2d70_7562_6c69);

/// Makes the external network with its subnet, unless one of that name is there already, and gives its id.
///
/// # Errors
/// When the physical network is in use by another one, or the database does not answer.
pub async fn ensure_public_network(net: &Network, wanted: &PublicNetwork) -> Result<NetworkId, NetworkError> {
    let sql = "SELECT id FROM network WHERE name = ? AND external = 1 ORDER BY created_us, id LIMIT 1";
    if let Some(row) = ferrostack_db::Read::one(net.db(), sql, ferrostack_db::args![wanted.name]).await? {
        return Ok(row.at(0)?);
    }
    let now = net.clock().now();
    let id = NetworkId(Uuid::new_v5(&NAMESPACE, wanted.name.as_bytes()));
    let gateway_ip = wanted.gateway_ip.or_else(|| cidr::usable(&wanted.cidr).map(|usable| usable.start));
    let network = NetworkRow {
        id,
        project_id: wanted.project_id.clone(),
        name: wanted.name.clone(),
        admin_state_up: true,
        shared: false,
        external: true,
        is_default: true,
        mtu: i64::from(net.options().physical_mtu),
        port_security_enabled: true,
        network_type: "flat".to_owned(),
        physical_network: wanted.physical_network.clone(),
        segmentation_id: None,
        dns_domain: String::new(),
        subnets: Vec::new(),
        standard: Standard::new(String::new(), now),
    };
    let subnet = SubnetRow {
        id: SubnetId(Uuid::new_v5(&NAMESPACE, format!("{}-subnet", wanted.name).as_bytes())),
        project_id: wanted.project_id.clone(),
        network_id: id,
        name: format!("{}-subnet", wanted.name),
        cidr: wanted.cidr.trunc(),
        gateway_ip,
        enable_dhcp: false,
        ipv6_ra_mode: None,
        ipv6_address_mode: None,
        allocation_pools: match wanted.pool {
            Some((start, end)) => vec![Pool { start, end }],
            None => cidr::default_pools(&wanted.cidr, gateway_ip),
        },
        dns_nameservers: Vec::new(),
        host_routes: Vec::new(),
        standard: Standard::new(String::new(), now),
    };
    let (network, subnet) = (&network, &subnet);
    let made = net
        .db()
        .tx(|tx| async move {
            let mut row = network.clone();
            store::network::insert(&tx, std::slice::from_ref(network)).await?;
            net.take_segment(&tx, &mut row).await?;
            net.count_quota(&tx, &network.project_id, &network.id.to_string(), crate::app::quota::Resource::Networks)
                .await?;
            subnet::insert(net, &tx, subnet).await
        })
        .await;
    match made {
        // Another controller made it just now.
        Err(NetworkError::Db(error)) if error.is_duplicate() => Ok(id),
        other => other.map(|()| id),
    }
}
