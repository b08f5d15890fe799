//! Groups of ports and of addresses, which match expressions name as `@group` and `$set`.

use std::collections::{BTreeMap, BTreeSet};

use super::DATABASE;
use crate::{RowRef, table::table};

table! {
    /// Ports that share rules.
    PortGroup in DATABASE "Port_Group" {
        /// Unique; letters, digits, `_` and `.`, no leading digit.
        managed name: String = "name",
        /// Its ports, by weak reference.
        members ports: BTreeSet<RowRef> = "ports",
        /// Rules for its ports.
        members acls: BTreeSet<RowRef> = "acls",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// Addresses that rules name together.
    AddressSet in DATABASE "Address_Set" {
        /// Unique; letters, digits, `_` and `.`, no leading digit.
        managed name: String = "name",
        /// Addresses and prefixes, all of one kind.
        managed addresses: BTreeSet<String> = "addresses",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
