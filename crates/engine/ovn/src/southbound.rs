//! OVN's Southbound database: what the chassis report. Columns as of OVN 23.03, ovn-sb(5). We only read it; simulated
//! nodes write it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{RowRef, WatchedTable, table::table};

/// The database's name.
pub const DATABASE: &str = "OVN_Southbound";

/// All tables and columns that have a row type here.
pub fn watched() -> Vec<WatchedTable> {
    vec![
        WatchedTable::of::<Chassis>(),
        WatchedTable::of::<ChassisPrivate>(),
        WatchedTable::of::<PortBinding>(),
        WatchedTable::of::<SbGlobal>(),
    ]
}

table! {
    /// The one row that is about the whole.
    SbGlobal in DATABASE "SB_Global" {
        /// How far northd has carried the Northbound `nb_cfg`.
        observed nb_cfg: i64 = "nb_cfg",
    }
}

table! {
    /// A node.
    Chassis in DATABASE "Chassis" {
        /// Unique; the node's `system-id`.
        observed name: String = "name",
        /// Its host name.
        observed hostname: String = "hostname",
        /// How tunnels reach it.
        observed encaps: BTreeSet<RowRef> = "encaps",
        /// What it can do and its bridge mappings (`ovn-bridge-mappings`).
        observed other_config: BTreeMap<String, String> = "other_config",
        /// Further facts.
        observed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// What a node writes often, kept apart from [`Chassis`].
    ChassisPrivate in DATABASE "Chassis_Private" {
        /// The chassis' name.
        observed name: String = "name",
        /// The chassis, by weak reference.
        observed chassis: Option<RowRef> = "chassis",
        /// The last `nb_cfg` that it carried out.
        observed nb_cfg: i64 = "nb_cfg",
        /// When, in milliseconds since the epoch.
        observed nb_cfg_timestamp: i64 = "nb_cfg_timestamp",
        /// Further facts.
        observed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// Where a port is.
    PortBinding in DATABASE "Port_Binding" {
        /// The name of the Northbound port.
        observed logical_port: String = "logical_port",
        /// Its type; empty for an interface of a guest.
        observed port_type: String = "type",
        /// The chassis that has it, by weak reference.
        observed chassis: Option<RowRef> = "chassis",
        /// Further chassis that have it, during a live migration.
        observed additional_chassis: BTreeSet<RowRef> = "additional_chassis",
        /// Where it was asked to be.
        observed requested_chassis: Option<RowRef> = "requested_chassis",
        /// Whether its flows are in place.
        observed up: Option<bool> = "up",
        /// The number of its switch or router.
        observed datapath: RowRef = "datapath",
        /// The port's number in tunnels, 1 to 32767.
        observed tunnel_key: i64 = "tunnel_key",
        /// `MAC IP...` each.
        observed mac: BTreeSet<String> = "mac",
        /// The guest's port that really has the address of a `virtual` port.
        observed virtual_parent: Option<String> = "virtual_parent",
        /// As in the Northbound port.
        observed options: BTreeMap<String, String> = "options",
        /// As in the Northbound port.
        observed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
