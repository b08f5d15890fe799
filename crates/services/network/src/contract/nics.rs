//! Choosing and making the ports of a new server.

use std::net::IpAddr;

use ferrostack_auth::{Ctx, Origin};
use ferrostack_contracts::{Nic, NicRequest, PortSpec};
use uuid::Uuid;

use crate::{
    Network,
    app::{
        address::RequestedIp,
        cidr,
        port::{
            create::{for_server, insert_all},
            parts,
            update::write,
        },
        retry,
    },
    error::NetworkError,
    ids::{Kind, NetworkId, PortId, SecurityGroupId},
    store::{self, network::NetworkRow},
};

/// Checks what a user asked for and chooses the ids of ports to be made.
pub(super) async fn plan(
    cx: &Ctx,
    net: &Network,
    nics: Option<&[NicRequest]>,
    groups: &[String],
) -> Result<Vec<Nic>, NetworkError> {
    let security_groups = named_groups(cx, net, groups).await?;
    let Some(nics) = nics else {
        let network = only_network(cx, net).await?;
        return Ok(network.map(|row| new_nic(row.id, None, &security_groups)).into_iter().collect());
    };
    let mut planned = Vec::with_capacity(nics.len());
    for request in nics {
        let nic = match request {
            NicRequest::Network { network_id, fixed_ip } => {
                let row = net.find_network(cx, &network_id.to_string(), "get_network").await?;
                may_attach(cx, &row)?;
                has_room(net, &row, *fixed_ip).await?;
                new_nic(row.id, *fixed_ip, &security_groups)
            }
            NicRequest::Port { port_id } => existing_nic(cx, net, *port_id).await?,
        };
        if planned.iter().any(|other: &Nic| other.port_id == nic.port_id) {
            return Err(NetworkError::bad("PortInUse", format!("Port {} is asked for twice.", nic.port_id)));
        }
        planned.push(nic);
    }
    Ok(planned)
}

fn new_nic(network: NetworkId, fixed_ip: Option<IpAddr>, groups: &[SecurityGroupId]) -> Nic {
    Nic {
        port_id: Uuid::new_v4(),
        owned: true,
        network_id: network.0,
        fixed_ip,
        security_groups: groups.iter().map(|group| group.0).collect(),
    }
}

/// The one network that the project may use; none is fine, several are not.
async fn only_network(cx: &Ctx, net: &Network) -> Result<Option<NetworkRow>, NetworkError> {
    let project = cx.require_project()?;
    let mut usable = store::network::list_usable(net.db(), project).await?;
    usable.retain(|row| (!row.external || row.project_id == project) && !row.subnets.is_empty());
    if usable.len() > 1 {
        let message = "Multiple possible networks found, use a Network ID to be more specific.";
        return Err(NetworkError::conflict("NetworkAmbiguous", message));
    }
    Ok(usable.pop())
}

/// Servers get no interface on external networks that are not theirs.
fn may_attach(cx: &Ctx, row: &NetworkRow) -> Result<(), NetworkError> {
    if row.external && !row.shared && !cx.is_admin() && cx.project_id() != Some(&row.project_id) {
        cx.allow("create_network:router:external", &crate::policy::Asked::of(&row.project_id))?;
    }
    Ok(())
}

async fn has_room(net: &Network, row: &NetworkRow, fixed_ip: Option<IpAddr>) -> Result<(), NetworkError> {
    if row.subnets.is_empty() {
        let message = format!("Network {} requires a subnet in order to boot instances on.", row.id);
        return Err(NetworkError::bad("NetworkRequiresSubnet", message));
    }
    let Some(ip) = fixed_ip else { return Ok(()) };
    let subnets = store::subnet::list_of_networks(net.db(), &[row.id]).await?;
    let Some(subnet) =
        subnets.iter().find(|subnet| cidr::usable(&subnet.cidr).is_some_and(|usable| cidr::in_pool(&usable, ip)))
    else {
        let message = format!("Fixed IP address {ip} is not a valid ip address for network {}.", row.id);
        return Err(NetworkError::bad("InvalidIpForNetwork", message));
    };
    match store::address::find(net.db(), subnet.id, ip).await? {
        None => Ok(()),
        Some(_) => Err(NetworkError::bad(
            "IpAddressAlreadyAllocated",
            format!("Fixed IP address {ip} is already in use on network {}.", row.id),
        )),
    }
}

async fn existing_nic(cx: &Ctx, net: &Network, id: Uuid) -> Result<Nic, NetworkError> {
    let row = net.find_port(cx, &id.to_string(), "update_port").await?;
    if !row.device_id.is_empty() {
        return Err(NetworkError::conflict("PortInUse", format!("Port {id} is still in use.")));
    }
    if row.fixed_ips.is_empty() && row.port_security_enabled {
        let message = format!("Port {id} requires a FixedIP in order to be used.");
        return Err(NetworkError::bad("PortRequiresFixedIP", message));
    }
    Ok(Nic { port_id: id, owned: false, network_id: row.network_id.0, fixed_ip: None, security_groups: Vec::new() })
}

/// Groups of the caller's project by name or id, each once.
async fn named_groups(cx: &Ctx, net: &Network, names: &[String]) -> Result<Vec<SecurityGroupId>, NetworkError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let project = cx.require_project()?;
    net.ensure_default_group(project).await?;
    let rows = store::security_group::list_named(net.db(), project, names).await?;
    let mut groups = Vec::with_capacity(names.len());
    for name in names {
        let mut of_name = rows.iter().filter(|row| row.name == *name || row.id.to_string() == *name);
        let found = of_name.next().ok_or_else(|| NetworkError::not_found(Kind::SecurityGroup, name))?;
        if of_name.next().is_some() {
            let message = format!("Multiple security groups found matching '{name}'. Use an ID to be more specific.");
            return Err(NetworkError::conflict("NoUniqueMatch", message));
        }
        if !groups.contains(&found.id) {
            groups.push(found.id);
        }
    }
    Ok(groups)
}

/// Makes the port, or takes the existing one for the server.
pub(super) async fn ensure_port(net: &Network, origin: &Origin, spec: &PortSpec<'_>) -> Result<(), NetworkError> {
    tracing::debug!(request_id = origin.request_id, port = %spec.nic.port_id, server = %spec.server_id, "a port for a server");
    retry!(ensure_port_once(net, spec))
}

async fn ensure_port_once(net: &Network, spec: &PortSpec<'_>) -> Result<(), NetworkError> {
    let id = PortId(spec.nic.port_id);
    if let Some(row) = store::port::find(net.db(), id).await? {
        return take_existing(net, row, spec).await;
    }
    if !spec.nic.owned {
        return Err(NetworkError::not_found(Kind::Port, id));
    }
    let mut groups: Vec<SecurityGroupId> =
        spec.nic.security_groups.iter().map(|group| SecurityGroupId(*group)).collect();
    if groups.is_empty() {
        groups.push(net.ensure_default_group(spec.project_id).await?);
    }
    let requested = spec.nic.fixed_ip.map(|ip| vec![RequestedIp { subnet_id: None, ip_address: Some(ip) }]);
    // A name that DNS cannot have is left out: the server is made all the same.
    let dns_name = parts::dns_name(spec.hostname.to_owned()).unwrap_or_default();
    let fill = |mut row: store::port::PortRow| {
        row.id = id;
        row.project_id = spec.project_id.to_owned();
        row.device_id = spec.server_id.to_string();
        row.device_owner = spec.device_owner.to_owned();
        row.security_groups = if row.port_security_enabled { groups } else { Vec::new() };
        row.dns_name = dns_name;
        row
    };
    let port = for_server(net, NetworkId(spec.nic.network_id), fill, requested).await?;
    match insert_all(net, std::slice::from_ref(&port)).await {
        Ok(_) => Ok(()),
        // Somebody repeated the call beside us: the port is there.
        Err(error) => match store::port::find(net.db(), id).await? {
            Some(row) => take_existing(net, row, spec).await,
            None => Err(error),
        },
    }
}

async fn take_existing(net: &Network, mut row: store::port::PortRow, spec: &PortSpec<'_>) -> Result<(), NetworkError> {
    let server = spec.server_id.to_string();
    if row.device_id == server && row.device_owner == spec.device_owner {
        return Ok(());
    }
    if !row.device_id.is_empty() && row.device_id != server {
        return Err(NetworkError::conflict("PortInUse", format!("Port {} is still in use.", row.id)));
    }
    row.device_id = server;
    row.device_owner = spec.device_owner.to_owned();
    if row.dns_name.is_empty() {
        row.dns_name = parts::dns_name(spec.hostname.to_owned()).unwrap_or_default();
    }
    row.standard.touch(net.clock().now());
    let row = &row;
    net.db()
        .tx(|tx| async move {
            write(&tx, row).await?;
            net.enqueue(&tx, &[(Kind::Port, row.id.0, row.standard.revision)]).await
        })
        .await
}
