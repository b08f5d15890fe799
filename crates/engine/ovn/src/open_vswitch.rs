//! A node's own Open vSwitch database: bridges and interfaces. Columns as of Open vSwitch 3.1, ovs-vswitchd.conf.db(5).

use std::collections::{BTreeMap, BTreeSet};

use crate::{RowRef, WatchedTable, table::table};

/// The database's name.
pub const DATABASE: &str = "Open_vSwitch";

/// All tables and columns that have a row type here.
pub fn watched() -> Vec<WatchedTable> {
    vec![
        WatchedTable::of::<OpenVswitch>(),
        WatchedTable::of::<Bridge>(),
        WatchedTable::of::<Port>(),
        WatchedTable::of::<Interface>(),
    ]
}

table! {
    /// The one row about the node.
    OpenVswitch in DATABASE "Open_vSwitch" {
        /// The bridges.
        members bridges: BTreeSet<RowRef> = "bridges",
        /// `system-id`, `ovn-remote`, `ovn-encap-type`, `ovn-encap-ip`, `ovn-bridge-mappings` ...
        members external_ids: BTreeMap<String, String> = "external_ids",
        /// Raised by a client that wants to know when vswitchd has carried out what came before.
        members next_cfg: i64 = "next_cfg",
        /// The `next_cfg` that vswitchd has carried out.
        observed cur_cfg: i64 = "cur_cfg",
        /// Its version.
        observed ovs_version: Option<String> = "ovs_version",
    }
}

table! {
    /// A bridge.
    Bridge in DATABASE "Bridge" {
        /// Unique; at most 15 bytes.
        managed name: String = "name",
        /// `system` or `netdev`.
        managed datapath_type: String = "datapath_type",
        /// `secure` or `standalone`.
        managed fail_mode: Option<String> = "fail_mode",
        /// Its ports.
        members ports: BTreeSet<RowRef> = "ports",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// A port of a bridge.
    Port in DATABASE "Port" {
        /// Unique.
        managed name: String = "name",
        /// Its interfaces, more than one for a bond.
        members interfaces: BTreeSet<RowRef> = "interfaces",
        /// Its VLAN as an access port.
        managed tag: Option<i64> = "tag",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// A network device of a port.
    Interface in DATABASE "Interface" {
        /// Unique; the device's name.
        managed name: String = "name",
        /// Empty for a device of the system; `internal`, `geneve`, `patch` ...
        managed interface_type: String = "type",
        /// Such as `peer` of a patch.
        managed options: BTreeMap<String, String> = "options",
        /// `iface-id` names the logical port; `attached-mac`, `iface-status` ...
        managed external_ids: BTreeMap<String, String> = "external_ids",
        /// The MTU wanted, in bytes.
        managed mtu_request: Option<i64> = "mtu_request",
        /// Its OpenFlow number; -1 when it could not be opened.
        observed ofport: Option<i64> = "ofport",
        /// Why it could not be opened.
        observed error: Option<String> = "error",
        /// `up` or `down`.
        observed link_state: Option<String> = "link_state",
    }
}
