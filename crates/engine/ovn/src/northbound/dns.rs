//! Names that OVN answers.

use std::collections::BTreeMap;

use super::DATABASE;
use crate::table::table;

table! {
    /// A list of names.
    Dns in DATABASE "DNS" {
        /// Lower-case names, each with its addresses separated by spaces.
        managed records: BTreeMap<String, String> = "records",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
