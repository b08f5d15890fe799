//! The one row that is about the whole.

use std::collections::BTreeMap;

use super::DATABASE;
use crate::table::table;

table! {
    /// Settings of the deployment, and how far a change has come.
    NbGlobal in DATABASE "NB_Global" {
        /// The deployment's name, for interconnection.
        managed name: String = "name",
        /// Such as `mac_prefix`, `use_logical_dp_groups`, `northd_probe_interval`; northd adds its own.
        members options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
        /// Whether tunnels are encrypted.
        managed ipsec: bool = "ipsec",
        /// Raised by a client that wants to know when everything before has arrived.
        observed nb_cfg: i64 = "nb_cfg",
        /// The `nb_cfg` that northd has carried to the Southbound database.
        observed sb_cfg: i64 = "sb_cfg",
        /// The `nb_cfg` that every chassis has carried out.
        observed hv_cfg: i64 = "hv_cfg",
    }
}
