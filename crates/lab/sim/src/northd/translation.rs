//! What northd writes after a commit, as a function of the two databases. It only ever says what differs from what is
//! stored, so it may be asked again at any time, as it is after a restart.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ferrostack_ovn::{Atom, Condition, Operation, Row, Value};
use uuid::Uuid;

use super::keys::Keys;
use crate::ovsdb::{
    database::{Database, StoredRow, Table},
    state::{Committed, NORTHBOUND, SOUTHBOUND},
    transaction::RowChange,
};

/// Transactions that shall be done: the database's place and the operations.
pub(crate) type Wanted = Vec<(usize, Vec<Operation>)>;

/// Largest number of a switch, and of a port within a switch.
const DATAPATHS: i64 = 16_777_215;
const PORTS: i64 = 32_767;

/// What northd keeps in mind.
#[derive(Debug)]
pub(crate) struct Translation {
    datapaths: Keys,
    ports: HashMap<Uuid, Keys>,
    // By port: the chassis that say they have it, the last one last.
    claims: HashMap<Arc<str>, Vec<Arc<str>>>,
    /// Chassis that do not answer.
    silent: HashSet<Arc<str>>,
}

impl Default for Translation {
    fn default() -> Self {
        Self {
            datapaths: Keys::up_to(DATAPATHS),
            ports: HashMap::new(),
            claims: HashMap::new(),
            silent: HashSet::new(),
        }
    }
}

impl Translation {
    /// Compares everything, after learning what an earlier process had given out.
    pub(crate) fn begin(&mut self, northbound: &Database, southbound: &Database) -> Wanted {
        self.learn(southbound);
        let mut north = Vec::new();
        let mut south = Vec::new();
        for (database, table, operations) in
            [(northbound, "NB_Global", &mut north), (southbound, "SB_Global", &mut south)]
        {
            if database.table(table).is_some_and(|table| table.rows.is_empty()) {
                operations.push(Operation::insert(table, "global", Row::new()));
            }
        }
        for switch in rows(northbound, "Logical_Switch") {
            self.place_switch(northbound, southbound, switch.0, &mut south);
        }
        for (binding, _) in rows(southbound, "Port_Binding") {
            match row(northbound, "Logical_Switch_Port", binding) {
                Some(_) => north.extend(report(northbound, southbound, binding)),
                None => south.push(Operation::delete("Port_Binding", [Condition::uuid(binding)])),
            }
        }
        for (datapath, _) in rows(southbound, "Datapath_Binding") {
            if row(northbound, "Logical_Switch", datapath).is_none() {
                south.push(Operation::delete("Datapath_Binding", [Condition::uuid(datapath)]));
            }
        }
        wanted(north, south)
    }

    /// What a commit leads to.
    pub(crate) fn react(&mut self, northbound: &Database, southbound: &Database, committed: &Committed) -> Wanted {
        let database = if committed.database == NORTHBOUND { northbound } else { southbound };
        let mut north = Vec::new();
        let mut south = Vec::new();
        for ((table, uuid), change) in &committed.changes {
            let table = &database.tables[*table];
            match (committed.database, table.name.as_ref()) {
                (NORTHBOUND, "Logical_Switch") => {
                    self.switch_changed(northbound, southbound, table, *uuid, change, &mut south)
                }
                (NORTHBOUND, "Logical_Switch_Port") => match change {
                    RowChange::Deleted(_) => south.push(Operation::delete("Port_Binding", [Condition::uuid(*uuid)])),
                    // A new port is placed with its switch, of which it is a member.
                    RowChange::Inserted => {}
                    RowChange::Modified(_) => {
                        south.extend(self.place_port(northbound, southbound, None, *uuid));
                        north.extend(report(northbound, southbound, *uuid));
                    }
                },
                (NORTHBOUND, "NB_Global") => self.acknowledge(northbound, southbound, *uuid, &mut north, &mut south),
                (SOUTHBOUND, "Port_Binding") => match change {
                    RowChange::Deleted(old) => self.give_back(table, old),
                    _ => {
                        // A chassis that went away took its name out of the binding, but not `up`.
                        south.extend(self.place_port(northbound, southbound, None, *uuid));
                        north.extend(report(northbound, southbound, *uuid));
                    }
                },
                (SOUTHBOUND, "Datapath_Binding") => {
                    if let RowChange::Deleted(old) = change {
                        self.ports.remove(uuid);
                        integer(table, old, "tunnel_key").into_iter().for_each(|key| self.datapaths.give_back(key));
                    }
                }
                _ => {}
            }
        }
        wanted(north, south)
    }

    /// What a new or void claim on a port leads to.
    pub(crate) fn rebind(&mut self, northbound: &Database, southbound: &Database, port: &str) -> Wanted {
        let port = find_named(northbound, "Logical_Switch_Port", "name", port);
        let change = port.and_then(|port| self.place_port(northbound, southbound, None, port));
        wanted(Vec::new(), change.into_iter().collect())
    }

    pub(crate) fn claim(&mut self, port: &str, chassis: &str) {
        self.release(port, chassis);
        self.claims.entry(port.into()).or_default().push(chassis.into());
    }

    pub(crate) fn release(&mut self, port: &str, chassis: &str) {
        if let Some(claims) = self.claims.get_mut(port) {
            claims.retain(|claiming| claiming.as_ref() != chassis);
            if claims.is_empty() {
                self.claims.remove(port);
            }
        }
    }

    pub(crate) fn release_all(&mut self, chassis: &str) {
        self.claims.values_mut().for_each(|claims| claims.retain(|claiming| claiming.as_ref() != chassis));
        self.claims.retain(|_, claims| !claims.is_empty());
    }

    pub(crate) fn set_silent(&mut self, chassis: &str, silent: bool) {
        match silent {
            true => self.silent.insert(chassis.into()),
            false => self.silent.remove(chassis),
        };
    }

    /// Answers who raised `nb_cfg`: everything before it has arrived, for nothing is ever under way here.
    fn acknowledge(
        &self,
        northbound: &Database,
        southbound: &Database,
        global: Uuid,
        north: &mut Vec<Operation>,
        south: &mut Vec<Operation>,
    ) {
        let Some((table, stored)) = row(northbound, "NB_Global", global) else { return };
        let Some(asked) = integer(table, stored, "nb_cfg") else { return };
        if integer(table, stored, "sb_cfg") == Some(asked) {
            return;
        }
        let mut reached = Row::new().with("sb_cfg", asked);
        if self.silent.is_empty() {
            reached.set("hv_cfg", asked);
        }
        north.push(Operation::update("NB_Global", [Condition::uuid(global)], reached));
        let silent =
            |uuid| name_of(southbound, "Chassis_Private", uuid).is_some_and(|name| self.silent.contains(&name));
        for table in ["SB_Global", "Chassis_Private"] {
            for (uuid, _) in rows(southbound, table).filter(|(uuid, _)| !silent(*uuid)) {
                south.push(Operation::update(table, [Condition::uuid(uuid)], Row::new().with("nb_cfg", asked)));
            }
        }
    }

    fn learn(&mut self, southbound: &Database) {
        for (_, datapath) in rows(southbound, "Datapath_Binding") {
            let table = southbound.table("Datapath_Binding");
            table
                .and_then(|table| integer(table, datapath, "tunnel_key"))
                .into_iter()
                .for_each(|key| self.datapaths.note(key));
        }
        let Some(table) = southbound.table("Port_Binding") else { return };
        for binding in table.rows.values() {
            if let (Some(datapath), Some(key)) =
                (uuid(table, binding, "datapath"), integer(table, binding, "tunnel_key"))
            {
                self.ports.entry(datapath).or_insert_with(|| Keys::up_to(PORTS)).note(key);
            }
            let chassis = uuid(table, binding, "chassis").and_then(|chassis| name_of(southbound, "Chassis", chassis));
            if let (Some(chassis), Some(port)) = (chassis, text(table, binding, "logical_port")) {
                self.claim(&port, &chassis);
            }
        }
    }

    fn switch_changed(
        &mut self,
        northbound: &Database,
        southbound: &Database,
        table: &Table,
        switch: Uuid,
        change: &RowChange,
        south: &mut Vec<Operation>,
    ) {
        match change {
            RowChange::Inserted => self.place_switch(northbound, southbound, switch, south),
            RowChange::Deleted(_) => south.push(Operation::delete("Datapath_Binding", [Condition::uuid(switch)])),
            RowChange::Modified(columns) => {
                let moved = table.column("ports").and_then(|place| columns.get(&place));
                for port in moved
                    .iter()
                    .flat_map(|moved| moved.difference().atoms().filter_map(Atom::as_uuid).collect::<Vec<_>>())
                {
                    if table
                        .rows
                        .get(&switch)
                        .and_then(|row| table.value(row, "ports"))
                        .is_some_and(|ports| ports.contains(&port.into()))
                    {
                        south.extend(self.place_port(northbound, southbound, Some(switch), port));
                    }
                }
            }
        }
    }

    fn place_switch(&mut self, northbound: &Database, southbound: &Database, switch: Uuid, south: &mut Vec<Operation>) {
        let Some((table, stored)) = row(northbound, "Logical_Switch", switch) else { return };
        if row(southbound, "Datapath_Binding", switch).is_none() {
            let Some(key) = self.datapaths.take() else {
                tracing::error!(%switch, "all numbers of switches are in use");
                return;
            };
            let name = text(table, stored, "name").unwrap_or_default();
            let ids = [("logical-switch".into(), switch.to_string().into()), ("name".into(), Atom::String(name))];
            let datapath = Row::new().with("tunnel_key", key).with("external_ids", Value::map(ids));
            south.push(Operation::insert_as("Datapath_Binding", switch, datapath));
        }
        let ports: Vec<Uuid> =
            table.value(stored, "ports").into_iter().flat_map(Value::atoms).filter_map(Atom::as_uuid).collect();
        for port in ports {
            south.extend(self.place_port(northbound, southbound, Some(switch), port));
        }
    }

    /// Brings a port's binding to what it should be; `None` when it is. `switch` is known when the port has just joined.
    fn place_port(
        &mut self,
        northbound: &Database,
        southbound: &Database,
        switch: Option<Uuid>,
        port: Uuid,
    ) -> Option<Operation> {
        let (table, stored) = row(northbound, "Logical_Switch_Port", port)?;
        let binding = row(southbound, "Port_Binding", port);
        let name = text(table, stored, "name")?;
        let chassis = self.chassis(southbound, &name, table.value(stored, "options")?);
        let mut row = Row::new().with("logical_port", Atom::String(name)).with("up", chassis.is_some());
        row.set("chassis", chassis.map_or_else(Value::empty_set, Value::from));
        let copied = [
            ("type", "type"),
            ("options", "options"),
            ("addresses", "mac"),
            ("port_security", "port_security"),
            ("parent_name", "parent_port"),
            ("tag", "tag"),
            ("external_ids", "external_ids"),
        ];
        for (from, to) in copied {
            row.set(to, table.value(stored, from)?.clone());
        }
        let placed = binding.and_then(|(bindings, bound)| uuid(bindings, bound, "datapath"));
        if let Some(switch) = switch.filter(|switch| placed != Some(*switch)) {
            let Some(key) = self.ports.entry(switch).or_insert_with(|| Keys::up_to(PORTS)).take() else {
                tracing::error!(%port, "all numbers of ports of the switch are in use");
                return None;
            };
            row.set("datapath", switch);
            row.set("tunnel_key", key);
            // A port that has moved leaves its number in the switch that it came from.
            binding.into_iter().for_each(|(bindings, bound)| self.give_back(bindings, bound));
        }
        match binding {
            None => switch.map(|_| Operation::insert_as("Port_Binding", port, row)),
            Some((bindings, bound)) => {
                let differing = row.iter().filter(|(column, value)| bindings.value(bound, column) != Some(value));
                let changed =
                    differing.fold(Row::new(), |changed, (column, value)| changed.with(column.clone(), value.clone()));
                (!changed.is_empty()).then(|| Operation::update("Port_Binding", [Condition::uuid(port)], changed))
            }
        }
    }

    /// The chassis whose claim on a port counts.
    fn chassis(&self, southbound: &Database, port: &str, options: &Value) -> Option<Uuid> {
        let requested =
            options.get_str("requested-chassis").and_then(|names| names.split(',').next()).unwrap_or_default();
        let chassis = southbound.table("Chassis")?;
        self.claims.get(port)?.iter().rev().find_map(|name| {
            let uuid = find_named(southbound, "Chassis", "name", name)?;
            let hostname = text(chassis, chassis.rows.get(&uuid)?, "hostname")?;
            (requested.is_empty() || requested == name.as_ref() || requested == hostname.as_ref()).then_some(uuid)
        })
    }

    fn give_back(&mut self, table: &Table, binding: &StoredRow) {
        let keys = uuid(table, binding, "datapath").and_then(|datapath| self.ports.get_mut(&datapath));
        if let (Some(keys), Some(key)) = (keys, integer(table, binding, "tunnel_key")) {
            keys.give_back(key);
        }
    }
}

/// Tells a port whether it is up; `None` when it knows.
fn report(northbound: &Database, southbound: &Database, port: Uuid) -> Option<Operation> {
    let (bindings, bound) = row(southbound, "Port_Binding", port)?;
    let (ports, stored) = row(northbound, "Logical_Switch_Port", port)?;
    let carried = uuid(bindings, bound, "chassis").is_some() && bindings.value(bound, "up") == Some(&true.into());
    // A router is everywhere: its ports are up without a chassis.
    let up = Value::from(carried || text(ports, stored, "type").as_deref() == Some("router"));
    let known = ports.value(stored, "up") == Some(&up);
    (!known).then(|| Operation::update("Logical_Switch_Port", [Condition::uuid(port)], Row::new().with("up", up)))
}

/// The name of the chassis to which a port is bound.
pub(super) fn bound_chassis(southbound: &Database, port: &str) -> Option<Arc<str>> {
    let (table, stored) =
        row(southbound, "Port_Binding", find_named(southbound, "Port_Binding", "logical_port", port)?)?;
    name_of(southbound, "Chassis", uuid(table, stored, "chassis")?)
}

/// The row whose unique column has that text.
pub(super) fn find_named(database: &Database, table: &str, column: &str, name: &str) -> Option<Uuid> {
    let table = database.table(table)?;
    table.indexed(table.column(column)?, &name.into())?.first().copied()
}

fn wanted(north: Vec<Operation>, south: Vec<Operation>) -> Wanted {
    [(SOUTHBOUND, south), (NORTHBOUND, north)].into_iter().filter(|(_, operations)| !operations.is_empty()).collect()
}

fn rows<'a>(database: &'a Database, table: &str) -> impl Iterator<Item = (Uuid, &'a StoredRow)> {
    database.table(table).into_iter().flat_map(|table| table.rows.iter().map(|(uuid, row)| (*uuid, row)))
}

fn row<'a>(database: &'a Database, table: &str, uuid: Uuid) -> Option<(&'a Table, &'a StoredRow)> {
    let table = database.table(table)?;
    Some((table, table.rows.get(&uuid)?))
}

fn name_of(database: &Database, table: &str, uuid: Uuid) -> Option<Arc<str>> {
    let (table, stored) = row(database, table, uuid)?;
    text(table, stored, "name")
}

fn text(table: &Table, row: &StoredRow, column: &str) -> Option<Arc<str>> {
    match table.value(row, column)?.as_atom()? {
        Atom::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn integer(table: &Table, row: &StoredRow, column: &str) -> Option<i64> {
    match table.value(row, column)?.as_atom()? {
        Atom::Integer(number) => Some(*number),
        _ => None,
    }
}

fn uuid(table: &Table, row: &StoredRow, column: &str) -> Option<Uuid> {
    table.value(row, column)?.as_atom()?.as_uuid()
}
