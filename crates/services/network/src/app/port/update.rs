//! Changing ports.

use ferrostack_auth::Ctx;
use ferrostack_db::{DbError, Tx};

use super::{
    DOWN, allow_attributes,
    create::{known_groups, plan_addresses},
    parts,
};
use crate::{
    Network,
    app::{
        access::asked_port,
        address::{RequestedIp, Wanted},
        mac, metadata_port, retry,
    },
    error::NetworkError,
    ids::{Kind, SecurityGroupId},
    policy::Asked,
    store::{
        self,
        network::NetworkRow,
        port::{PortAddress, PortRow},
        subnet::SubnetRow,
        sync::Changed,
    },
    wire::port::CreatePort,
};

/// Changes a port.
pub(crate) async fn update(cx: &Ctx, net: &Network, id: &str, patch: &CreatePort) -> Result<PortRow, NetworkError> {
    retry!(update_once(cx, net, id, patch))
}

async fn update_once(cx: &Ctx, net: &Network, id: &str, patch: &CreatePort) -> Result<PortRow, NetworkError> {
    let before = net.find_port(cx, id, "update_port").await?;
    let network = store::network::find(net.db(), before.network_id).await?;
    let network = network.ok_or_else(|| NetworkError::not_found(Kind::Port, id))?;
    allow(cx, &before, &network, patch)?;
    let mut row = apply(cx, net, &before, patch).await?;
    row.standard.touch(net.clock().now());
    let requested = patch.fixed_ips.as_value().map(|ips| parts::requested_ips(ips)).transpose()?;
    let requested = if patch.fixed_ips.is_absent() { None } else { Some(requested.unwrap_or_default()) };
    let subnets = match requested {
        Some(_) => store::subnet::list_of_networks(net.db(), &[network.id]).await?,
        None => Vec::new(),
    };
    let (before, row, subnets, requested) = (&before, &row, subnets.as_slice(), requested.as_deref());
    net.db()
        .tx(|tx| async move {
            let mut row = row.clone();
            let mut changed = Vec::new();
            if let Some(requested) = requested {
                changed.extend(move_addresses(net, &tx, &mut row, subnets, requested).await?);
            }
            write(&tx, &row).await?;
            if row.security_groups != before.security_groups {
                match store::port::replace_groups(&tx, row.id, &row.security_groups).await {
                    Err(DbError::Reference) => {
                        let lost = row.security_groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                        return Err(NetworkError::not_found(Kind::SecurityGroup, lost));
                    }
                    other => other?,
                }
            }
            changed.push((Kind::Port, row.id.0, row.standard.revision));
            changed.extend(router_of(&row));
            changed.extend(metadata_port::told_by(&row));
            net.enqueue(&tx, &changed).await?;
            Ok(row)
        })
        .await
}

/// What a router's port says is in the router's rows, too.
fn router_of(row: &PortRow) -> Option<Changed> {
    let id = row.is_router_port().then(|| row.device_id.parse::<uuid::Uuid>().ok()).flatten()?;
    Some((Kind::Router, id, 0))
}

/// Writes the row by compare-and-set.
pub(crate) async fn write(tx: &Tx, row: &PortRow) -> Result<(), NetworkError> {
    match store::port::update(tx, row).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(NetworkError::Raced { kind: Kind::Port, id: row.id.to_string() }),
        Err(error) if error.is_duplicate() => {
            let message = format!(
                "Unable to complete operation for network {}. The mac address {} is in use.",
                row.network_id, row.mac_address
            );
            Err(NetworkError::conflict("MacAddressInUse", message))
        }
        Err(error) => Err(error.into()),
    }
}

fn allow(cx: &Ctx, before: &PortRow, network: &NetworkRow, patch: &CreatePort) -> Result<(), NetworkError> {
    let wanted_owner = patch.device_owner.as_value().unwrap_or(&before.device_owner);
    let asked = Asked { device_owner: Some(wanted_owner), ..asked_port(before, network) };
    let ips = patch.fixed_ips.as_value().map_or(&[][..], Vec::as_slice);
    let names = |ip: &crate::wire::port::WantedIp| {
        let address = ip.ip_address.as_deref().and_then(|text| text.parse::<std::net::IpAddr>().ok());
        address.is_some_and(|address| !before.fixed_ips.iter().any(|own| own.ip_address == address))
    };
    allow_attributes(
        cx,
        &asked,
        &[
            ("update_port:device_owner", !patch.device_owner.is_absent()),
            ("update_port:mac_address", patch.mac_address.as_value().is_some_and(|mac| *mac != before.mac_address)),
            ("update_port:fixed_ips", !ips.is_empty()),
            ("update_port:fixed_ips:ip_address", ips.iter().any(names)),
            ("update_port:fixed_ips:subnet_id", ips.iter().any(|ip| ip.subnet_id.is_some())),
            ("update_port:port_security_enabled", !patch.port_security_enabled.is_absent()),
            ("update_port:binding:host_id", !patch.binding_host.is_absent()),
            ("update_port:binding:profile", !patch.binding_profile.is_absent()),
            ("update_port:binding:vnic_type", !patch.binding_vnic_type.is_absent()),
            ("update_port:allowed_address_pairs", !patch.allowed_address_pairs.is_absent()),
        ],
    )
}

/// The row as it becomes, without its addresses.
async fn apply(cx: &Ctx, net: &Network, before: &PortRow, patch: &CreatePort) -> Result<PortRow, NetworkError> {
    let mut row = before.clone();
    patch.name.clone().apply_to(&mut row.name);
    patch.description.clone().apply_to(&mut row.standard.description);
    patch.device_id.clone().apply_to(&mut row.device_id);
    patch.device_owner.clone().apply_to(&mut row.device_owner);
    patch.binding_profile.clone().apply_to(&mut row.binding_profile);
    if let Some(flag) = patch.admin_state_up.value() {
        row.admin_state_up = flag.0;
    }
    if let Some(flag) = patch.port_security_enabled.value() {
        row.port_security_enabled = flag.0;
    }
    if before.is_router_port() && (row.device_owner != before.device_owner || row.device_id != before.device_id) {
        let message =
            format!("Port {} belongs to router {}: its device cannot be changed here.", before.id, before.device_id);
        return Err(NetworkError::conflict("ServicePortInUse", message));
    }
    if let Some(text) = patch.mac_address.as_value() {
        let mac = mac::normalize(text).ok_or_else(|| {
            NetworkError::invalid(format!(
                "Invalid input for mac_address. Reason: '{text}' is not a valid MAC address."
            ))
        })?;
        if mac != row.mac_address && !row.binding_host.is_empty() {
            let message = format!(
                "Unable to complete operation on port {}, port is already bound to host {}.",
                row.id, row.binding_host
            );
            return Err(NetworkError::conflict("PortBound", message));
        }
        row.mac_address = mac;
    }
    if !patch.binding_host.is_absent() {
        row.binding_host = patch.binding_host.clone().value().unwrap_or_default();
        if row.binding_host != before.binding_host {
            row.status = DOWN.to_owned();
        }
    }
    if let Some(text) = patch.binding_vnic_type.clone().value() {
        row.binding_vnic_type = parts::vnic_type(text)?;
    }
    if !patch.dns_name.is_absent() {
        row.dns_name = parts::dns_name(patch.dns_name.clone().value().unwrap_or_default())?;
    }
    if !patch.extra_dhcp_opts.is_absent() {
        row.extra_dhcp_opts =
            parts::options(&row.extra_dhcp_opts, patch.extra_dhcp_opts.as_value().map_or(&[], Vec::as_slice))?;
    }
    if !patch.allowed_address_pairs.is_absent() {
        row.allowed_address_pairs =
            parts::pairs(patch.allowed_address_pairs.as_value().map_or(&[], Vec::as_slice), &row.mac_address)?;
    }
    if !patch.security_groups.is_absent() {
        let ids = parts::groups(patch.security_groups.as_value().map_or(&[], Vec::as_slice))?;
        let added: Vec<SecurityGroupId> =
            ids.iter().filter(|id| !before.security_groups.contains(id)).copied().collect();
        known_groups(cx, net, &added).await?;
        row.security_groups = ids;
    }
    if !row.port_security_enabled && patch.security_groups.is_absent() && !row.security_groups.is_empty() {
        let message = "Port has security group associated. Cannot disable port security or IP address until security group is removed.";
        return Err(NetworkError::conflict("PortSecurityPortHasSecurityGroup", message));
    }
    parts::security_fits(row.port_security_enabled, &row.security_groups, &row.allowed_address_pairs)?;
    Ok(row)
}

/// Gives the port the addresses asked for, keeping those that it has, and gives what else changed: floating IPs that led
/// to an address that it lost lead nowhere.
pub(crate) async fn move_addresses(
    net: &Network,
    tx: &Tx,
    row: &mut PortRow,
    subnets: &[SubnetRow],
    requested: &[RequestedIp],
) -> Result<Vec<Changed>, NetworkError> {
    // A wish for some address of a subnet is fulfilled by one that the port has there already.
    let mut left = row.fixed_ips.clone();
    let mut fixed: Vec<RequestedIp> = requested.to_vec();
    for ip in &fixed {
        left.retain(|own| Some(own.ip_address) != ip.ip_address);
    }
    for ip in fixed.iter_mut().filter(|ip| ip.ip_address.is_none()) {
        if let Some(index) = left.iter().position(|own| Some(own.subnet_id) == ip.subnet_id) {
            ip.ip_address = Some(left.remove(index).ip_address);
        }
    }
    let wanted = plan_addresses(subnets, Some(&fixed), row)?;
    let is_kept = |own: &PortAddress| wanted.contains(&Wanted::Exactly(own.subnet_id, own.ip_address));
    let (kept, lost): (Vec<PortAddress>, Vec<PortAddress>) = row.fixed_ips.iter().partition(|own| is_kept(own));
    for own in &lost {
        store::address::delete(tx, own.subnet_id, own.ip_address, row.id).await?;
    }
    let mut addresses = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let own = kept.iter().find(|own| wanted == Wanted::Exactly(own.subnet_id, own.ip_address));
        match own {
            Some(own) => addresses.push(*own),
            None => addresses.extend(net.take_addresses(tx, &[wanted], row.id).await?),
        }
    }
    row.fixed_ips = addresses;
    let mut changed = Vec::new();
    for mut floating in store::floating_ip::list_of_ports(tx, &[row.id]).await? {
        if floating.association.is_some_and(|to| lost.iter().any(|own| own.ip_address == to.fixed_ip_address)) {
            floating.association = None;
            floating.standard.touch(net.clock().now());
            store::floating_ip::update(tx, &floating).await?;
            changed.push((Kind::FloatingIp, floating.id.0, floating.standard.revision));
        }
    }
    Ok(changed)
}
