//! Whether ports are up: from OVN to the database, and for whoever waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ferrostack_db::{DbError, FromRow, Read, Row, Sql};
use ferrostack_ovn::{Change, ChangeKind, Contents, OvnError, Table, northbound::LogicalSwitchPort};

use super::{Difference, DifferenceKind, Owner};
use crate::{
    Network,
    app::port::{ACTIVE, DOWN},
    error::NetworkError,
    ids::{Kind, PortId},
    store::{self, port::PortRow},
};

/// Ports in one transaction.
const BATCH: usize = 200;

/// What OVN says of a port; none when it does not have it.
fn is_up(contents: &Contents, port: PortId) -> Result<Option<bool>, OvnError> {
    let Some(row) = contents.row(LogicalSwitchPort::TABLE, port.0) else { return Ok(None) };
    Ok(Some(row.read::<Option<bool>>(LogicalSwitchPort::TABLE, "up")?.unwrap_or(false)))
}

/// Ports whose record says something else than OVN.
pub(super) fn differing<'a>(
    contents: &Contents,
    ports: impl Iterator<Item = &'a PortRow>,
) -> Result<Vec<(PortId, bool)>, OvnError> {
    let mut found = Vec::new();
    for port in ports {
        if let Some(up) = is_up(contents, port.id)?.filter(|up| *up != (port.status == ACTIVE)) {
            found.push((port.id, up));
        }
    }
    Ok(found)
}

/// The ports that may have become up or down.
pub(super) fn moved(changes: &[Change]) -> impl Iterator<Item = PortId> {
    let of_ports = changes.iter().filter(|change| change.table.as_ref() == LogicalSwitchPort::TABLE);
    let moved = of_ports.filter(|change| match &change.kind {
        ChangeKind::Inserted => true,
        ChangeKind::Modified(columns) => columns.iter().any(|column| column.as_ref() == "up"),
        ChangeKind::Deleted(_) => false,
    });
    moved.map(|change| PortId(change.uuid))
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
    let said: Vec<(PortId, bool)> = network.northbound().replica().read(|contents| {
        let said = ports.iter().map(|port| Ok(is_up(contents, *port)?.map(|up| (*port, up))));
        said.filter_map(Result::transpose).collect::<Result<_, OvnError>>()
    })?;
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
    let replica = network.northbound().replica();
    let waiting = replica.wait_until(|contents| {
        left.retain(|port, host| !is_up_at(contents, *port, host));
        left.is_empty().then_some(())
    });
    if network.clock().timeout(patience, waiting).await.is_ok() {
        return Ok(());
    }
    Err(NetworkError::NotUp { ports: left.into_keys().collect(), patience })
}

fn is_up_at(contents: &Contents, port: PortId, host: &str) -> bool {
    let Some(row) = contents.row(LogicalSwitchPort::TABLE, port.0) else { return false };
    // While OVN is still told an older host, `up` is about that one.
    let asked = row.get("options").and_then(|options| options.get_str("requested-chassis")).unwrap_or_default();
    asked == host && matches!(is_up(contents, port), Ok(Some(true)))
}
