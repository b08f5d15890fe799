//! Address translation of routers.

use std::collections::BTreeMap;

use super::DATABASE;
use crate::{
    RowRef,
    table::{table, words},
};

words! {
    /// What is translated.
    NatType {
        /// The source of what leaves.
        Snat = "snat",
        /// The destination of what arrives.
        Dnat = "dnat",
        /// Both: a floating IP.
        DnatAndSnat = "dnat_and_snat",
    }
}

table! {
    /// One translation.
    Nat in DATABASE "NAT" {
        /// What is translated.
        managed nat_type: NatType = "type",
        /// The address outside.
        managed external_ip: String = "external_ip",
        /// With `logical_port`: the MAC address outside, so that the port's own chassis translates.
        managed external_mac: Option<String> = "external_mac",
        /// Ports used outside, `LOW-HIGH`; empty: all.
        managed external_port_range: String = "external_port_range",
        /// The address, or for `snat` the prefix, inside.
        managed logical_ip: String = "logical_ip",
        /// The name of the port inside.
        managed logical_port: Option<String> = "logical_port",
        /// The router port on which it applies, by weak reference; needed with several gateways.
        managed gateway_port: Option<RowRef> = "gateway_port",
        /// Such as `stateless`.
        managed options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
