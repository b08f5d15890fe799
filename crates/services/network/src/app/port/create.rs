//! Making ports.

use std::collections::{BTreeMap, HashMap};

use ferrostack_auth::Ctx;
use ferrostack_db::{DbError, Tx};

use super::{DOWN, allow_attributes, parts};
use crate::{
    Network,
    app::{
        access::{asked_port, owner},
        address::{self, RequestedIp, Wanted},
        mac,
        quota::Resource,
    },
    error::NetworkError,
    ids::{Kind, NetworkId, PortId, SecurityGroupId},
    store::{self, Standard, network::NetworkRow, port::PortRow, subnet::SubnetRow},
    wire::port::CreatePort,
};

/// How often a generated MAC address may turn out to be in use.
const MAC_ATTEMPTS: usize = 10;

/// A port that is ready to be inserted: its row without addresses, and where these come from.
#[derive(Debug, Clone)]
pub(crate) struct NewPort {
    /// The row.
    pub row: PortRow,
    /// The subnets of its network.
    pub subnets: Vec<SubnetRow>,
    /// The addresses asked for; `None` = whatever the subnets give.
    pub requested: Option<Vec<RequestedIp>>,
    /// Whether its MAC address may be replaced by another one.
    pub generated_mac: bool,
}

/// Makes ports, all or none.
pub(crate) async fn create(cx: &Ctx, net: &Network, wanted: Vec<CreatePort>) -> Result<Vec<PortRow>, NetworkError> {
    let mut known: HashMap<String, (NetworkRow, Vec<SubnetRow>)> = HashMap::new();
    let mut ports = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        if !known.contains_key(&wanted.network_id) {
            let network = net.find_network(cx, &wanted.network_id, "get_network").await?;
            let subnets = match network.subnets.is_empty() {
                true => Vec::new(),
                false => store::subnet::list_of_networks(net.db(), &[network.id]).await?,
            };
            known.insert(wanted.network_id.clone(), (network, subnets));
        }
        if let Some((network, subnets)) = known.get(&wanted.network_id) {
            ports.push(check_new(cx, net, wanted, network, subnets).await?);
        }
    }
    insert_all(net, &ports).await
}

/// Inserts checked ports in one transaction.
pub(crate) async fn insert_all(net: &Network, ports: &[NewPort]) -> Result<Vec<PortRow>, NetworkError> {
    net.db()
        .tx(|tx| async move {
            let mut rows = Vec::with_capacity(ports.len());
            for port in ports {
                net.take_quota(&tx, &port.row.project_id, &port.row.id.to_string(), Resource::Ports).await?;
                rows.push(insert(net, &tx, port).await?);
            }
            let changed: Vec<_> = rows.iter().map(|row| (Kind::Port, row.id.0, row.standard.revision)).collect();
            net.enqueue(&tx, &changed).await?;
            Ok::<_, NetworkError>(rows)
        })
        .await
}

/// Inserts one port with its addresses. Quota and queue are the caller's.
pub(crate) async fn insert(net: &Network, tx: &Tx, port: &NewPort) -> Result<PortRow, NetworkError> {
    let mut row = port.row.clone();
    let mut left = MAC_ATTEMPTS;
    loop {
        let wanted = address::plan(&port.subnets, port.requested.as_deref(), &row.mac_address, row.is_router_port())?;
        row.fixed_ips = net.take_addresses(tx, &wanted, row.id).await?;
        match store::port::insert(tx, &row).await {
            Ok(()) => return Ok(row),
            Err(error) if error.is_duplicate() && port.generated_mac && left > 0 => {
                left -= 1;
                // An address that was made from the MAC address has to go with it.
                for ip in row.fixed_ips.drain(..) {
                    store::address::delete(tx, ip.subnet_id, ip.ip_address, row.id).await?;
                }
                row.mac_address = mac::generate(net.options().base_mac);
            }
            Err(error) if error.is_duplicate() => {
                let message = format!(
                    "Unable to complete operation for network {}. The mac address {} is in use.",
                    row.network_id, row.mac_address
                );
                return Err(NetworkError::conflict("MacAddressInUse", message));
            }
            Err(DbError::Reference) => return Err(lost_reference(net, tx, &row).await?),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Which of the things that a new port refers to is gone.
async fn lost_reference(net: &Network, tx: &Tx, row: &PortRow) -> Result<NetworkError, NetworkError> {
    let present = store::security_group::find_many(tx, &row.security_groups).await?;
    for group in &row.security_groups {
        if !present.iter().any(|row| row.id == *group) {
            net.default_groups().forget(&row.project_id);
            return Ok(NetworkError::not_found(Kind::SecurityGroup, group));
        }
    }
    Ok(NetworkError::not_found(Kind::Network, row.network_id))
}

async fn check_new(
    cx: &Ctx,
    net: &Network,
    wanted: CreatePort,
    network: &NetworkRow,
    subnets: &[SubnetRow],
) -> Result<NewPort, NetworkError> {
    let flag =
        |patch: &crate::wire::Patch<crate::wire::Flag>, default: bool| patch.as_value().map_or(default, |flag| flag.0);
    let given_mac = wanted.mac_address.clone().value().filter(|text| !text.is_empty());
    let mac_address = match &given_mac {
        Some(text) => mac::normalize(text).ok_or_else(|| {
            NetworkError::invalid(format!(
                "Invalid input for mac_address. Reason: '{text}' is not a valid MAC address."
            ))
        })?,
        None => mac::generate(net.options().base_mac),
    };
    let requested = wanted.fixed_ips.as_value().map(|ips| parts::requested_ips(ips)).transpose()?;
    let port_security_enabled = flag(&wanted.port_security_enabled, network.port_security_enabled);
    let pairs = parts::pairs(wanted.allowed_address_pairs.as_value().map_or(&[], Vec::as_slice), &mac_address)?;
    let mut row = PortRow {
        id: PortId::new(),
        project_id: owner(cx, wanted.project_id.clone().value())?,
        network_id: network.id,
        name: wanted.name.clone().value().unwrap_or_default(),
        mac_address,
        admin_state_up: flag(&wanted.admin_state_up, true),
        status: DOWN.to_owned(),
        device_id: wanted.device_id.clone().value().unwrap_or_default(),
        device_owner: wanted.device_owner.clone().value().unwrap_or_default(),
        fixed_ips: Vec::new(),
        security_groups: Vec::new(),
        port_security_enabled,
        allowed_address_pairs: pairs,
        extra_dhcp_opts: parts::options(&[], wanted.extra_dhcp_opts.as_value().map_or(&[], Vec::as_slice))?,
        binding_host: wanted.binding_host.clone().value().unwrap_or_default(),
        binding_vnic_type: parts::vnic_type(
            wanted.binding_vnic_type.clone().value().unwrap_or_else(|| "normal".to_owned()),
        )?,
        binding_profile: wanted.binding_profile.clone().value().unwrap_or_default(),
        dns_name: parts::dns_name(wanted.dns_name.clone().value().unwrap_or_default())?,
        standard: Standard::new(wanted.description.clone().value().unwrap_or_default(), net.clock().now()),
    };
    let asked = asked_port(&row, network);
    cx.allow("create_port", &asked)?;
    let ips = wanted.fixed_ips.as_value().map_or(&[][..], Vec::as_slice);
    allow_attributes(
        cx,
        &asked,
        &[
            ("create_port:device_owner", !row.device_owner.is_empty()),
            ("create_port:mac_address", given_mac.is_some()),
            ("create_port:fixed_ips", !ips.is_empty()),
            ("create_port:fixed_ips:ip_address", ips.iter().any(|ip| ip.ip_address.is_some())),
            ("create_port:fixed_ips:subnet_id", ips.iter().any(|ip| ip.subnet_id.is_some())),
            ("create_port:port_security_enabled", !wanted.port_security_enabled.is_absent()),
            ("create_port:binding:host_id", !row.binding_host.is_empty()),
            ("create_port:binding:profile", !row.binding_profile.is_empty()),
            ("create_port:binding:vnic_type", row.binding_vnic_type != "normal"),
            ("create_port:allowed_address_pairs", !row.allowed_address_pairs.is_empty()),
        ],
    )?;
    row.security_groups = match wanted.security_groups.as_value() {
        Some(ids) => known_groups(cx, net, &parts::groups(ids)?).await?,
        None if row.device_owner.starts_with("network:") || !port_security_enabled => Vec::new(),
        None => vec![net.ensure_default_group(&row.project_id).await?],
    };
    parts::security_fits(port_security_enabled, &row.security_groups, &row.allowed_address_pairs)?;
    Ok(NewPort { row, subnets: subnets.to_vec(), requested, generated_mac: given_mac.is_none() })
}

/// The groups, if the caller may see them all.
pub(crate) async fn known_groups(
    cx: &Ctx,
    net: &Network,
    ids: &[SecurityGroupId],
) -> Result<Vec<SecurityGroupId>, NetworkError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store::security_group::find_many(net.db(), ids).await?;
    for id in ids {
        let seen = rows
            .iter()
            .find(|row| row.id == *id)
            .is_some_and(|row| cx.allow("get_security_group", &crate::policy::Asked::of(&row.project_id)).is_ok());
        if !seen {
            return Err(NetworkError::not_found(Kind::SecurityGroup, id));
        }
    }
    Ok(ids.to_vec())
}

/// A port that the service makes for itself: a router's interface or gateway, the holder of a floating IP's address, a metadata
/// port.
pub(crate) fn for_service(
    net: &Network,
    project_id: &str,
    network_id: NetworkId,
    device_owner: &str,
    device_id: String,
) -> PortRow {
    PortRow {
        id: PortId::new(),
        project_id: project_id.to_owned(),
        network_id,
        name: String::new(),
        mac_address: mac::generate(net.options().base_mac),
        admin_state_up: true,
        status: DOWN.to_owned(),
        device_id,
        device_owner: device_owner.to_owned(),
        fixed_ips: Vec::new(),
        security_groups: Vec::new(),
        port_security_enabled: false,
        allowed_address_pairs: Vec::new(),
        extra_dhcp_opts: Vec::new(),
        binding_host: String::new(),
        binding_vnic_type: "normal".to_owned(),
        binding_profile: BTreeMap::new(),
        dns_name: String::new(),
        standard: Standard::new(String::new(), net.clock().now()),
    }
}

/// A port on a network for compute, with an id that was chosen before.
pub(crate) async fn for_server(
    net: &Network,
    network: NetworkId,
    row: impl FnOnce(PortRow) -> PortRow,
    requested: Option<Vec<RequestedIp>>,
) -> Result<NewPort, NetworkError> {
    let network = store::network::find(net.db(), network)
        .await?
        .ok_or_else(|| NetworkError::not_found(Kind::Network, network))?;
    let subnets = store::subnet::list_of_networks(net.db(), &[network.id]).await?;
    let mut port = for_service(net, "", network.id, "", String::new());
    port.port_security_enabled = network.port_security_enabled;
    Ok(NewPort { row: row(port), subnets, requested, generated_mac: true })
}

/// What a checked wish comes to, for callers that take addresses themselves.
pub(crate) fn plan_addresses(
    subnets: &[SubnetRow],
    requested: Option<&[RequestedIp]>,
    row: &PortRow,
) -> Result<Vec<Wanted>, NetworkError> {
    address::plan(subnets, requested, &row.mac_address, row.is_router_port())
}
