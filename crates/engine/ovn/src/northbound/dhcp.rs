//! Answers to DHCP.

use std::collections::BTreeMap;

use super::DATABASE;
use crate::table::table;

table! {
    /// What ports of one subnet are told.
    DhcpOptions in DATABASE "DHCP_Options" {
        /// The subnet's prefix.
        managed cidr: String = "cidr",
        /// OVN's names of options and their values: `lease_time`, `router`, `server_id`, `server_mac`, `mtu` ...
        managed options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
