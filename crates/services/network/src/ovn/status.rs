//! Whether ports are up: from OVN to the database, and for whoever waits.
//!
//! The port of a guest is up when the Southbound database says so of its binding, and the chassis that has it is the one
//! that was asked for and alive. What northd says in the Northbound database is about the same, but later, and not about
//! dead chassis; it is asked for ports that belong to no chassis, those of routers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ferrostack_db::{DbError, FromRow, Read, Row, Sql};
use ferrostack_ovn::{Change, ChangeKind, Contents, Table, northbound::LogicalSwitchPort, southbound::PortBinding};

use super::{Difference, DifferenceKind, Owner, chassis};
use crate::{
    Network,
    app::port::{ACTIVE, DOWN},
    error::NetworkError,
    ids::{Kind, PortId},
    store::{self, port::PortRow},
};

/// Ports in one transaction.
const BATCH: usize = 200;

/// A column that is one text; empty when it is none.
pub(super) fn text<'a>(row: &'a ferrostack_ovn::Row, column: &str) -> &'a str {
    row.get(column).and_then(|value| value.as_atom()?.as_str()).unwrap_or_default()
}

fn is_set(row: &ferrostack_ovn::Row, column: &str) -> bool {
    row.read::<Option<bool>>(column, column).is_ok_and(|set| set == Some(true))
}

/// The host for which OVN has been told to carry the port.
fn requested(row: &ferrostack_ovn::Row) -> &str {
    row.get("options").and_then(|options| options.get_str("requested-chassis")).unwrap_or_default()
}

/// The binding of a switch's port.
pub(super) fn binding(southbound: &Contents, port: PortId) -> Option<&ferrostack_ovn::Row> {
    let (owner, name) = (Owner::Resource(Kind::Port, port.0).to_string(), port.to_string());
    let mut owned = southbound.rows_with_external_id(PortBinding::TABLE, &owner);
    owned.find(|(_, row)| text(row, "logical_port") == name).map(|(_, row)| row)
}

/// What OVN says of ports at one moment.
struct View<'a> {
    network: &'a Network,
    northbound: &'a Contents,
    /// None while there is no connection: an old copy says nothing.
    southbound: Option<&'a Contents>,
}

impl View<'_> {
    /// Whether the port is up; none when that cannot be told, or OVN does not have it.
    fn is_up(&self, port: PortId) -> Option<bool> {
        let row = self.northbound.row(LogicalSwitchPort::TABLE, port.0)?;
        if !text(row, "type").is_empty() {
            return Some(is_set(row, "up"));
        }
        let southbound = self.southbound?;
        Some(binding(southbound, port).is_some_and(|bound| {
            let chassis = bound.get("chassis").and_then(|value| value.as_atom()?.as_uuid());
            let chassis = chassis.and_then(|uuid| chassis::named(southbound, uuid));
            let requested = requested(row);
            is_set(bound, "up")
                && chassis.is_some_and(|(name, hostname)| {
                    (requested.is_empty() || requested == name || requested == hostname)
                        && self.network.liveness().is_alive(name)
                })
        }))
    }

    /// Whether the port is up on that host.
    fn is_up_at(&self, port: PortId, host: &str) -> bool {
        // While OVN is still told an older host, `up` is about that one.
        let row = self.northbound.row(LogicalSwitchPort::TABLE, port.0);
        row.is_some_and(|row| requested(row) == host) && self.is_up(port) == Some(true)
    }
}

fn view<R>(network: &Network, look: impl FnOnce(&View<'_>) -> R) -> R {
    let is_connected = network.southbound().is_connected();
    network.northbound().replica().read(|northbound| {
        network
            .southbound()
            .replica()
            .read(|southbound| look(&View { network, northbound, southbound: is_connected.then_some(southbound) }))
    })
}

/// Ports whose record says something else than OVN.
pub(super) fn differing<'a>(network: &Network, ports: impl Iterator<Item = &'a PortRow>) -> Vec<(PortId, bool)> {
    view(network, |view| {
        let said = ports.filter_map(|port| Some((port, view.is_up(port.id)?)));
        said.filter(|(port, up)| *up != (port.status == ACTIVE)).map(|(port, up)| (port.id, up)).collect()
    })
}

/// The ports of which the Northbound database says something new.
pub(super) fn moved(changes: &[Change]) -> impl Iterator<Item = PortId> {
    let of_ports = changes.iter().filter(|change| change.table.as_ref() == LogicalSwitchPort::TABLE);
    let moved = of_ports.filter(|change| match &change.kind {
        ChangeKind::Inserted => true,
        ChangeKind::Modified(columns) => columns.iter().any(|column| matches!(column.as_ref(), "up" | "options")),
        ChangeKind::Deleted(_) => false,
    });
    moved.map(|change| PortId(change.uuid))
}

/// The ports of which the Southbound database says something new.
pub(super) fn moved_bindings(southbound: &Contents, changes: &[Change]) -> BTreeSet<PortId> {
    let of_ports = changes.iter().filter(|change| change.table.as_ref() == PortBinding::TABLE);
    let moved = of_ports.filter_map(|change| match &change.kind {
        ChangeKind::Deleted(row) => port_of(row),
        ChangeKind::Modified(columns) if !columns.iter().any(|column| matches!(column.as_ref(), "up" | "chassis")) => {
            None
        }
        _ => port_of(southbound.row(PortBinding::TABLE, change.uuid)?),
    });
    moved.collect()
}

/// The ports that these chassis have.
pub(super) fn carried_by(southbound: &Contents, chassis: &BTreeSet<String>) -> BTreeSet<PortId> {
    let carried = southbound.rows(PortBinding::TABLE).filter(|(_, row)| {
        let carrier = row.get("chassis").and_then(|value| value.as_atom()?.as_uuid());
        carrier.and_then(|uuid| chassis::named(southbound, uuid)).is_some_and(|(name, _)| chassis.contains(name))
    });
    carried.filter_map(|(_, row)| port_of(row)).collect()
}

/// All ports that are bound.
pub(super) fn bound(southbound: &Contents) -> BTreeSet<PortId> {
    southbound.rows(PortBinding::TABLE).filter_map(|(_, row)| port_of(row)).collect()
}

fn port_of(binding: &ferrostack_ovn::Row) -> Option<PortId> {
    text(binding, "logical_port").parse().ok()
}

/// A port and its status in the database.
struct Known(PortId, String);

impl FromRow for Known {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(row.at(0)?, row.at(1)?))
    }
}

/// Writes what OVN says now of these ports where the database says something else, and gives those.
pub(super) async fn write(network: &Network, ports: &BTreeSet<PortId>) -> Result<Vec<(PortId, bool)>, NetworkError> {
    let said: Vec<(PortId, bool)> =
        view(network, |view| ports.iter().filter_map(|port| Some((*port, view.is_up(*port)?))).collect());
    let mut written = Vec::new();
    for chunk in said.chunks(BATCH) {
        let ids: Vec<PortId> = chunk.iter().map(|(port, _)| *port).collect();
        let mut sql = Sql::new("SELECT id, status FROM port WHERE 1 = 1");
        sql.and_in("id", &ids);
        let known: BTreeMap<PortId, String> =
            network.db().list::<Known>(sql).await?.into_iter().map(|Known(port, status)| (port, status)).collect();
        let differing: Vec<(PortId, bool)> = chunk
            .iter()
            .filter(|(port, up)| known.get(port).is_some_and(|status| (status == ACTIVE) != *up))
            .copied()
            .collect();
        if differing.is_empty() {
            continue;
        }
        let (differing_ref, now) = (&differing, network.clock().now());
        network
            .db()
            .tx(|tx| async move {
                for (port, up) in differing_ref {
                    store::port::set_status(&tx, *port, if *up { ACTIVE } else { DOWN }, now).await?;
                }
                Ok::<_, NetworkError>(())
            })
            .await?;
        written.extend(differing);
    }
    Ok(written)
}

/// A difference of a port's status.
pub(super) fn difference((port, up): (PortId, bool)) -> Difference {
    Difference {
        owner: Owner::Resource(Kind::Port, port.0).to_string(),
        table: LogicalSwitchPort::TABLE.to_owned(),
        row: port.0,
        kind: DifferenceKind::Status { up },
    }
}

/// Waits until OVN says that all these ports are up at the hosts that they are bound to, at most `patience`. Ports that
/// are gone are not waited for.
///
/// # Errors
/// [`NetworkError::NotUp`] with those that are not, after `patience`.
pub(crate) async fn wait_ports_up(network: &Network, ports: &[PortId], patience: Duration) -> Result<(), NetworkError> {
    let mut left: BTreeMap<PortId, String> = store::port::find_many(network.db(), ports)
        .await?
        .into_iter()
        .map(|port| (port.id, port.binding_host))
        .collect();
    let (north, south) = (network.northbound().replica(), network.southbound().replica());
    let waiting = async {
        loop {
            let (seen_north, seen_south) = (north.version(), south.version());
            view(network, |view| left.retain(|port, host| !view.is_up_at(*port, host)));
            if left.is_empty() {
                return;
            }
            tokio::select! {
                _ = north.wait_for_change(seen_north) => {}
                _ = south.wait_for_change(seen_south) => {}
            }
        }
    };
    if network.clock().timeout(patience, waiting).await.is_ok() {
        return Ok(());
    }
    Err(NetworkError::NotUp { ports: left.into_keys().collect(), patience })
}
