//! Networks.

use ferrostack_auth::Ctx;
use ferrostack_db::DbError;

use crate::{
    Network,
    app::{
        access::{asked_network, owner},
        metadata_port,
        port::delete::remove_in,
        quota::Resource,
        retry,
        segment::WantedSegment,
    },
    error::NetworkError,
    ids::{Kind, NetworkId},
    store::{self, Standard, network::NetworkRow},
    wire::network::CreateNetwork,
};

/// Smallest MTU of a network: IPv6 needs 1280, IPv4 alone 68.
const SMALLEST_MTU: i64 = 68;

/// Makes networks, all or none.
pub(crate) async fn create(
    cx: &Ctx,
    net: &Network,
    wanted: Vec<CreateNetwork>,
) -> Result<Vec<NetworkRow>, NetworkError> {
    let rows = wanted.into_iter().map(|wanted| check_new(cx, net, wanted)).collect::<Result<Vec<_>, _>>()?;
    for row in &rows {
        net.ensure_default_group(&row.project_id).await?;
    }
    let rows = &rows;
    net.db()
        .tx(|tx| async move {
            let mut made = rows.clone();
            for row in &mut made {
                net.take_quota(&tx, &row.project_id, &row.id.to_string(), Resource::Networks).await?;
                net.take_segment(&tx, row).await?;
            }
            store::network::insert(&tx, &made).await?;
            let changed: Vec<_> = made.iter().map(|row| (Kind::Network, row.id.0, row.standard.revision)).collect();
            net.enqueue(&tx, &changed).await?;
            Ok::<_, NetworkError>(made)
        })
        .await
}

fn check_new(cx: &Ctx, net: &Network, wanted: CreateNetwork) -> Result<NetworkRow, NetworkError> {
    let options = net.options();
    let flag =
        |patch: &crate::wire::Patch<crate::wire::Flag>, default: bool| patch.as_value().map_or(default, |flag| flag.0);
    let segment = WantedSegment {
        network_type: wanted.network_type.clone().value(),
        physical_network: wanted.physical_network.clone().value(),
        segmentation_id: wanted.segmentation_id.value().map(|id| id.0),
    };
    let provider = [
        ("create_network:provider:network_type", segment.network_type.is_some()),
        ("create_network:provider:physical_network", segment.physical_network.is_some()),
        ("create_network:provider:segmentation_id", segment.segmentation_id.is_some()),
        ("create_network:port_security_enabled", !flag(&wanted.port_security_enabled, true)),
    ];
    let (network_type, physical_network, segmentation_id) = segment.check(&options.physical_networks)?;
    let most = most_mtu(net, &network_type);
    let row = NetworkRow {
        id: NetworkId::new(),
        project_id: owner(cx, wanted.project_id.value())?,
        name: wanted.name.value().unwrap_or_default(),
        admin_state_up: flag(&wanted.admin_state_up, true),
        shared: flag(&wanted.shared, false),
        external: flag(&wanted.external, false),
        is_default: flag(&wanted.is_default, false),
        mtu: wanted.mtu.value().map(|mtu| mtu.0).filter(|mtu| *mtu != 0).unwrap_or(most),
        port_security_enabled: flag(&wanted.port_security_enabled, true),
        network_type,
        physical_network,
        segmentation_id,
        dns_domain: checked_domain(wanted.dns_domain.value())?,
        subnets: Vec::new(),
        standard: Standard::new(wanted.description.value().unwrap_or_default(), net.clock().now()),
    };
    let asked = asked_network(&row);
    cx.allow("create_network", &asked)?;
    let shown = [
        ("create_network:shared", row.shared),
        ("create_network:router:external", row.external),
        ("create_network:is_default", row.is_default),
    ];
    for (action, _) in shown.into_iter().chain(provider).filter(|(_, chosen)| *chosen) {
        cx.allow(action, &asked)?;
    }
    check_mtu(row.mtu, most)?;
    Ok(row)
}

/// The largest MTU that a network of that type can have.
fn most_mtu(net: &Network, network_type: &str) -> i64 {
    let options = net.options();
    let overhead = if network_type == "geneve" { options.geneve_overhead } else { 0 };
    i64::from(options.physical_mtu.saturating_sub(overhead))
}

fn check_mtu(mtu: i64, most: i64) -> Result<(), NetworkError> {
    if (SMALLEST_MTU..=most).contains(&mtu) {
        return Ok(());
    }
    Err(NetworkError::invalid(format!("Invalid input for mtu: {mtu} is not between {SMALLEST_MTU} and {most}.")))
}

/// A domain name with its final dot, or nothing.
fn checked_domain(given: Option<String>) -> Result<String, NetworkError> {
    let given = given.unwrap_or_default();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if given.is_empty() || given.strip_suffix('.').is_some_and(|name| name.split('.').all(label)) {
        return Ok(given);
    }
    Err(NetworkError::invalid(format!(
        "Invalid input for dns_domain: {given:?} is not a fully qualified domain name that ends with a dot."
    )))
}

/// Changes a network.
pub(crate) async fn update(
    cx: &Ctx,
    net: &Network,
    id: &str,
    patch: &CreateNetwork,
) -> Result<NetworkRow, NetworkError> {
    retry!(update_once(cx, net, id, patch))
}

async fn update_once(cx: &Ctx, net: &Network, id: &str, patch: &CreateNetwork) -> Result<NetworkRow, NetworkError> {
    let before = net.find_network(cx, id, "update_network").await?;
    let asked = asked_network(&before);
    for (action, chosen) in [
        ("update_network:shared", !patch.shared.is_absent()),
        ("update_network:router:external", !patch.external.is_absent()),
        ("update_network:is_default", !patch.is_default.is_absent()),
        ("update_network:port_security_enabled", !patch.port_security_enabled.is_absent()),
    ] {
        if chosen {
            cx.allow(action, &asked)?;
        }
    }
    let mut row = before.clone();
    patch.name.clone().apply_to(&mut row.name);
    patch.description.clone().apply_to(&mut row.standard.description);
    patch.admin_state_up.map(|flag| flag.0).apply_to(&mut row.admin_state_up);
    patch.shared.map(|flag| flag.0).apply_to(&mut row.shared);
    patch.external.map(|flag| flag.0).apply_to(&mut row.external);
    patch.is_default.map(|flag| flag.0).apply_to(&mut row.is_default);
    patch.port_security_enabled.map(|flag| flag.0).apply_to(&mut row.port_security_enabled);
    if let Some(mtu) = patch.mtu.value() {
        let most = most_mtu(net, &row.network_type);
        row.mtu = if mtu.0 == 0 { most } else { mtu.0 };
        check_mtu(row.mtu, most)?;
    }
    if !patch.dns_domain.is_absent() {
        row.dns_domain = checked_domain(patch.dns_domain.clone().value())?;
    }
    row.standard.touch(net.clock().now());
    let (row, before) = (&row, &before);
    net.db()
        .tx(|tx| async move {
            if !store::network::update(&tx, row).await? {
                return Err(NetworkError::Raced { kind: Kind::Network, id: row.id.to_string() });
            }
            if before.external && !row.external {
                still_external(&tx, row).await?;
            }
            if before.shared && !row.shared {
                still_shared(&tx, row).await?;
            }
            let mut changed = vec![(Kind::Network, row.id.0, row.standard.revision)];
            if before.mtu != row.mtu || before.dns_domain != row.dns_domain {
                changed.extend(row.subnets.iter().map(|subnet| (Kind::Subnet, subnet.0, 0)));
                changed.extend(
                    store::router::list_on_network(&tx, row.id)
                        .await?
                        .into_iter()
                        .map(|router| (Kind::Router, router.0, 0)),
                );
            }
            net.enqueue(&tx, &changed).await
        })
        .await?;
    Ok(row.clone())
}

/// A network stays external while routers have their gateway on it.
async fn still_external(tx: &ferrostack_db::Tx, row: &NetworkRow) -> Result<(), NetworkError> {
    let sql = "SELECT id FROM router WHERE gateway_network_id = ? LIMIT 1";
    if ferrostack_db::Read::one(tx, sql, ferrostack_db::args![row.id]).await?.is_some() {
        let message = format!(
            "External network {} cannot be updated to be made non-external, since it has existing gateway ports.",
            row.id
        );
        return Err(NetworkError::conflict("ExternalNetworkInUse", message));
    }
    Ok(())
}

/// A network stays shared while other projects have ports on it.
async fn still_shared(tx: &ferrostack_db::Tx, row: &NetworkRow) -> Result<(), NetworkError> {
    let sql =
        "SELECT id FROM port WHERE network_id = ? AND project_id <> ? AND device_owner NOT LIKE 'network:%' LIMIT 1";
    if ferrostack_db::Read::one(tx, sql, ferrostack_db::args![row.id, row.project_id]).await?.is_some() {
        let message =
            format!("Unable to reconfigure sharing settings for network {}. Multiple tenants are using it.", row.id);
        return Err(NetworkError::conflict("InvalidSharedSetting", message));
    }
    Ok(())
}

/// Deletes a network with its subnets, unless ports are on it.
pub(crate) async fn delete(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    let row = net.find_network(cx, id, "delete_network").await?;
    let (row, now) = (&row, net.clock().now());
    let in_use = || {
        let message = format!(
            "Unable to complete operation on network {}. There are one or more ports still in use on the network.",
            row.id
        );
        NetworkError::conflict("NetworkInUse", message)
    };
    let deleted = net
        .db()
        .tx(|tx| async move {
            if !store::network::lock(&tx, row.id, now).await? {
                return Err(NetworkError::not_found(Kind::Network, row.id));
            }
            let sql = "SELECT id FROM port WHERE network_id = ? AND id <> ? LIMIT 1";
            let metadata = metadata_port::id_of(row.id);
            if ferrostack_db::Read::one(&tx, sql, ferrostack_db::args![row.id, metadata]).await?.is_some() {
                return Err(in_use());
            }
            let removed = remove_in(net, &tx, metadata, 0).await?;
            let subnets = store::subnet::list_of_networks(&tx, &[row.id]).await?;
            let mut changed = removed.unwrap_or_default();
            changed.push((Kind::Network, row.id.0, row.standard.revision + 1));
            for subnet in &subnets {
                store::subnet::delete(&tx, subnet.id).await?;
                store::tag::delete(&tx, &subnet.id.to_string()).await?;
                ferrostack_quota::give_back(&tx, &subnet.id.to_string()).await?;
                net.cursors().forget(subnet.id);
                changed.push((Kind::Subnet, subnet.id.0, subnet.standard.revision + 1));
            }
            store::network::delete(&tx, row.id).await?;
            store::tag::delete(&tx, &row.id.to_string()).await?;
            ferrostack_quota::give_back(&tx, &row.id.to_string()).await?;
            net.enqueue(&tx, &changed).await
        })
        .await;
    match deleted {
        Err(NetworkError::Db(DbError::Reference)) => Err(in_use()),
        other => other,
    }
}
