//! Routers, their ports and routes: layer 3.

use std::collections::{BTreeMap, BTreeSet};

use super::DATABASE;
use crate::{
    RowRef,
    table::{table, words},
};

table! {
    /// A router.
    LogicalRouter in DATABASE "Logical_Router" {
        /// A name for people; need not be unique.
        managed name: String = "name",
        /// Its ports. A port lives only in one router.
        members ports: BTreeSet<RowRef> = "ports",
        /// Its routes beyond the connected ones.
        members static_routes: BTreeSet<RowRef> = "static_routes",
        /// Its address translations.
        members nat: BTreeSet<RowRef> = "nat",
        /// Whether it forwards; `None` is yes.
        managed enabled: Option<bool> = "enabled",
        /// Such as `chassis`, `always_learn_from_arp_request`, `dynamic_neigh_routers`, `mac_binding_age_threshold`.
        managed options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// A port of a router.
    LogicalRouterPort in DATABASE "Logical_Router_Port" {
        /// Unique in the whole database; the switch's port names it in `options:router-port`.
        managed name: String = "name",
        /// Its MAC address.
        managed mac: String = "mac",
        /// Its addresses with prefix length; at least one.
        managed networks: BTreeSet<String> = "networks",
        /// The router port on the other side, when two routers are joined directly.
        managed peer: Option<String> = "peer",
        /// Whether it forwards; `None` is yes.
        managed enabled: Option<bool> = "enabled",
        /// The chassis that may be its gateway.
        members gateway_chassis: BTreeSet<RowRef> = "gateway_chassis",
        /// The group of chassis that may be its gateway.
        managed ha_chassis_group: Option<RowRef> = "ha_chassis_group",
        /// Router advertisements: `address_mode`, `send_periodic`, `mtu`, `rdnss` ...
        managed ipv6_ra_configs: BTreeMap<String, String> = "ipv6_ra_configs",
        /// Such as `gateway_mtu`, `reside-on-redirect-chassis`, `redirect-type`.
        managed options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
        /// Prefixes received by delegation.
        observed ipv6_prefix: BTreeSet<String> = "ipv6_prefix",
    }
}

words! {
    /// Which address of a packet a route looks at.
    RoutePolicy {
        /// Where it goes.
        Destination = "dst-ip",
        /// Where it comes from.
        Source = "src-ip",
    }
}

table! {
    /// A route.
    StaticRoute in DATABASE "Logical_Router_Static_Route" {
        /// The table of routes; empty is the main one.
        managed route_table: String = "route_table",
        /// The prefix.
        managed ip_prefix: String = "ip_prefix",
        /// Which address is looked at; `None` is the destination.
        managed policy: Option<RoutePolicy> = "policy",
        /// The next hop's address, or `discard`.
        managed nexthop: String = "nexthop",
        /// The name of the port to leave by.
        managed output_port: Option<String> = "output_port",
        /// Such as `ecmp_symmetric_reply`.
        managed options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
