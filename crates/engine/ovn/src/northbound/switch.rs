//! Switches and their ports: layer 2.

use std::collections::{BTreeMap, BTreeSet};

use super::DATABASE;
use crate::{RowRef, table::table};

table! {
    /// A layer-2 network.
    LogicalSwitch in DATABASE "Logical_Switch" {
        /// A name for people; need not be unique.
        managed name: String = "name",
        /// Its ports. A port lives only in one switch.
        members ports: BTreeSet<RowRef> = "ports",
        /// Rules for all of its ports.
        members acls: BTreeSet<RowRef> = "acls",
        /// Bandwidth limits and markings.
        members qos_rules: BTreeSet<RowRef> = "qos_rules",
        /// Names that OVN answers here, by weak reference.
        members dns_records: BTreeSet<RowRef> = "dns_records",
        /// Such as `mcast_snoop`, `vlan-passthru`.
        managed other_config: BTreeMap<String, String> = "other_config",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// A port of a switch.
    LogicalSwitchPort in DATABASE "Logical_Switch_Port" {
        /// Unique in the whole database; the interface on a chassis names it as `iface-id`.
        managed name: String = "name",
        /// Empty for an interface of a guest; `router`, `localnet`, `localport`, `virtual`, `external` ...
        managed port_type: String = "type",
        /// Such as `requested-chassis`, `router-port`, `network_name`, `mcast_flood`.
        managed options: BTreeMap<String, String> = "options",
        /// The port whose tagged traffic this one is.
        managed parent_name: Option<String> = "parent_name",
        /// The tag wanted, 0 to 4095; 0 lets northd choose.
        managed tag_request: Option<i64> = "tag_request",
        /// The tag in use, 1 to 4095; for a `localnet` port it is ours.
        managed tag: Option<i64> = "tag",
        /// `MAC IP...` each, or `router`, `unknown`, `dynamic`.
        managed addresses: BTreeSet<String> = "addresses",
        /// `MAC IP/PREFIX...` each, from which it may send; empty: from all.
        managed port_security: BTreeSet<String> = "port_security",
        /// Whether it forwards; `None` is yes.
        managed enabled: Option<bool> = "enabled",
        /// Answers to DHCPv4 requests, by weak reference.
        managed dhcpv4_options: Option<RowRef> = "dhcpv4_options",
        /// Answers to DHCPv6 requests, by weak reference.
        managed dhcpv6_options: Option<RowRef> = "dhcpv6_options",
        /// For an `external` port: which chassis may carry it.
        managed ha_chassis_group: Option<RowRef> = "ha_chassis_group",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
        /// Whether a chassis has it; northd writes it.
        observed up: Option<bool> = "up",
        /// The addresses that northd chose for `dynamic`.
        observed dynamic_addresses: Option<String> = "dynamic_addresses",
    }
}
