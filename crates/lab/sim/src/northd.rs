//! The part of OVN between its two databases, as far as a simulated cloud needs it: it gives every Northbound switch port
//! a Southbound `Port_Binding`, and tells the port that it is `up` when a chassis has it. It keeps no flows: nothing
//! is forwarded here.
//!
//! It runs within the server, after each commit and before anybody else comes, so there is nothing to poll or to wait
//! for. A binding has its port's identifier and a datapath that of its switch: nothing is ever searched.
//!
//! What ovn-controller does on a node, a simulated node does through [`Northd`]: it registers its chassis and claims or
//! releases ports. A port may be claimed before it exists; and of several claims the one counts that
//! `options:requested-chassis` names, or else the last.

use ferrostack_ovn::{Condition, Operation, Row, RowRef, Value};
use uuid::Uuid;

use crate::ovsdb::{
    Ovsdb, OvsdbError,
    state::{SOUTHBOUND, State},
};

mod keys;
#[cfg(test)]
mod tests;
mod translation;

pub(crate) use translation::Translation;

/// A handle for simulated nodes; clones share the server.
#[derive(Debug, Clone)]
pub struct Northd(Ovsdb);

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedChassis {
    /// The chassis' name (`system-id`), unique.
    pub name: String,
    /// The node's host name.
    pub hostname: String,
    /// Where tunnels end; unique among chassis.
    pub tunnel_ip: String,
    /// Physical networks and bridges, `PHYSNET:BRIDGE,...`; may be empty.
    pub bridge_mappings: String,
}

impl Northd {
    pub(crate) fn new(server: Ovsdb) -> Self {
        Self(server)
    }

    /// Registers a node, or renews what it says of itself.
    ///
    /// # Errors
    /// [`OvsdbError::Southbound`], for instance when another chassis has the tunnel address.
    pub fn add_chassis(&self, chassis: &SimulatedChassis) -> Result<(), OvsdbError> {
        let mut state = self.0.lock();
        let mut operations = Vec::new();
        if let Some(uuid) = chassis_uuid(&state, &chassis.name) {
            operations.push(Operation::delete("Chassis_Private", [Condition::equal("name", chassis.name.as_str())]));
            let row =
                Row::new().with("encaps", RowRef::Named("encap".into())).with("hostname", chassis.hostname.as_str());
            let row = row.with("other_config", other_config(chassis));
            operations.push(Operation::update("Chassis", [Condition::uuid(uuid)], row));
            operations.push(private(chassis, uuid.into()));
        } else {
            let row = Row::new()
                .with("name", chassis.name.as_str())
                .with("hostname", chassis.hostname.as_str())
                .with("encaps", RowRef::Named("encap".into()))
                .with("other_config", other_config(chassis));
            operations.push(Operation::insert("Chassis", "chassis", row));
            operations.push(private(chassis, RowRef::Named("chassis".into())));
        }
        let encap = Row::new()
            .with("type", "geneve")
            .with("ip", chassis.tunnel_ip.as_str())
            .with("chassis_name", chassis.name.as_str())
            .with("options", Value::map([("csum".into(), "true".into())]));
        operations.push(Operation::insert("Encap", "encap", encap));
        state.transact_inside(SOUTHBOUND, operations).map(drop).map_err(OvsdbError::Southbound)
    }

    /// Takes a node out: its claims are void and its ports are down. One that is not there is fine.
    ///
    /// # Errors
    /// [`OvsdbError::Southbound`].
    pub fn remove_chassis(&self, name: &str) -> Result<(), OvsdbError> {
        let mut state = self.0.lock();
        if let Some(translation) = &mut state.translation {
            translation.release_all(name);
        }
        let operations =
            ["Chassis_Private", "Chassis"].map(|table| Operation::delete(table, [Condition::equal("name", name)]));
        state.transact_inside(SOUTHBOUND, operations.to_vec()).map(drop).map_err(OvsdbError::Southbound)
    }

    /// A chassis has the interface of a port, from now on or as soon as the port exists.
    ///
    /// # Errors
    /// [`OvsdbError::UnknownChassis`].
    pub fn bind(&self, port: &str, chassis: &str) -> Result<(), OvsdbError> {
        let mut state = self.0.lock();
        if chassis_uuid(&state, chassis).is_none() {
            return Err(OvsdbError::UnknownChassis { name: chassis.to_owned() });
        }
        rebind(&mut state, port, |translation| translation.claim(port, chassis));
        Ok(())
    }

    /// A chassis does not have the interface of a port any more. One that it never had is fine.
    pub fn unbind(&self, port: &str, chassis: &str) {
        let mut state = self.0.lock();
        rebind(&mut state, port, |translation| translation.release(port, chassis));
    }

    /// Whether a chassis gives no signs of life: what it has, it seems to keep.
    pub fn set_silent(&self, chassis: &str, silent: bool) {
        if let Some(translation) = &mut self.0.lock().translation {
            translation.set_silent(chassis, silent);
        }
    }

    /// The chassis to which a port is bound now.
    pub fn chassis_of(&self, port: &str) -> Option<String> {
        let state = self.0.lock();
        let southbound = &state.databases[SOUTHBOUND];
        translation::bound_chassis(southbound, port).map(|name| name.as_ref().to_owned())
    }
}

fn rebind(state: &mut State, port: &str, change: impl FnOnce(&mut Translation)) {
    let [northbound, southbound] = &state.databases;
    if let Some(translation) = &mut state.translation {
        change(translation);
        let wanted = translation.rebind(northbound, southbound, port);
        state.follow_up(wanted);
    }
}

fn chassis_uuid(state: &State, name: &str) -> Option<Uuid> {
    translation::find_named(&state.databases[SOUTHBOUND], "Chassis", "name", name)
}

fn other_config(chassis: &SimulatedChassis) -> Value {
    let mut pairs = vec![("datapath-type", "system"), ("port-up-notif", "true")];
    if !chassis.bridge_mappings.is_empty() {
        pairs.push(("ovn-bridge-mappings", &chassis.bridge_mappings));
    }
    Value::map(pairs.into_iter().map(|(key, value)| (key.into(), value.into())))
}

fn private(chassis: &SimulatedChassis, reference: RowRef) -> Operation {
    let row = Row::new().with("name", chassis.name.as_str()).with("chassis", reference);
    Operation::Insert { table: "Chassis_Private".into(), row, name: None, uuid: None }
}
