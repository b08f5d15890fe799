//! What OVN has of a resource, for people who ask why something does not work.

use std::collections::BTreeSet;

use ferrostack_agent_api::EngineObject;
use ferrostack_ovn::{
    Contents, Row, Table, Value,
    northbound::{DhcpOptions, LogicalRouterPort, LogicalSwitchPort},
    southbound::{Chassis, PortBinding},
};
use uuid::Uuid;

use super::{Owner, status::text};
use crate::{Network, error::NetworkError, ids::Kind};

/// The rows of OVN's databases that were made for the network, subnet, port, router, floating IP or security group with
/// that id, as they are now: in the Northbound database what is wanted, in the Southbound one where it is. Empty when OVN
/// has nothing of it.
///
/// # Errors
/// When a database cannot be reached.
pub fn engine_objects(network: &Network, id: Uuid) -> Result<Vec<EngineObject>, NetworkError> {
    let (northbound, southbound) = (network.northbound(), network.southbound());
    northbound.schema()?;
    southbound.schema()?;
    let mut found = Vec::new();
    let ports = northbound.replica().read(|contents| wanted(contents, id, &mut found));
    southbound.replica().read(|contents| placed(contents, &ports, &mut found));
    Ok(found)
}

/// Finds Northbound rows, and gives the names of ports among them.
fn wanted(contents: &Contents, id: Uuid, found: &mut Vec<EngineObject>) -> BTreeSet<String> {
    let mut ports = BTreeSet::new();
    for owner in Kind::ALL.map(|kind| Owner::Resource(kind, id)) {
        for table in owner.tables() {
            let mut rows: Vec<(Uuid, &Row)> = contents.rows_with_external_id(table, &owner.to_string()).collect();
            rows.sort_by_key(|(uuid, _)| *uuid);
            for (uuid, row) in rows {
                found.push(object("ovn-nbctl", table, uuid, row));
                if [LogicalSwitchPort::TABLE, LogicalRouterPort::TABLE].contains(table) {
                    ports.insert(text(row, "name").to_owned());
                }
                if *table == LogicalSwitchPort::TABLE {
                    found.extend(answers(contents, row));
                }
            }
        }
    }
    found.dedup();
    ports
}

/// What DHCP tells a port.
fn answers(contents: &Contents, port: &Row) -> impl Iterator<Item = EngineObject> {
    let named =
        ["dhcpv4_options", "dhcpv6_options"].into_iter().filter_map(|column| port.get(column)?.as_atom()?.as_uuid());
    named
        .filter_map(|uuid| Some(object("ovn-nbctl", DhcpOptions::TABLE, uuid, contents.row(DhcpOptions::TABLE, uuid)?)))
}

/// Finds where ports are.
fn placed(contents: &Contents, ports: &BTreeSet<String>, found: &mut Vec<EngineObject>) {
    let mut carriers: BTreeSet<Uuid> = BTreeSet::new();
    for (uuid, row) in contents.rows(PortBinding::TABLE) {
        // The gateway of a router is bound under a name of its own.
        let name = text(row, "logical_port");
        if ports.contains(name) || name.strip_prefix("cr-").is_some_and(|name| ports.contains(name)) {
            found.push(object("ovn-sbctl", PortBinding::TABLE, uuid, row));
            carriers.extend(row.get("chassis").and_then(|value| value.as_atom()?.as_uuid()));
        }
    }
    for uuid in carriers {
        found.extend(contents.row(Chassis::TABLE, uuid).map(|row| object("ovn-sbctl", Chassis::TABLE, uuid, row)));
    }
}

fn object(program: &str, table: &str, uuid: Uuid, row: &Row) -> EngineObject {
    let name = ["name", "logical_port"].into_iter().find_map(|column| row.get(column).and_then(Value::as_str));
    EngineObject {
        kind: table.to_owned(),
        name: name.map_or_else(|| uuid.to_string(), str::to_owned),
        command: format!("{program} --no-leader-only list {table} {uuid}"),
        content: row.to_string(),
    }
}
