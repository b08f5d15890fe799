//! Which chassis carry gateways.

use std::collections::{BTreeMap, BTreeSet};

use super::DATABASE;
use crate::{RowRef, table::table};

table! {
    /// A candidate for one router port.
    GatewayChassis in DATABASE "Gateway_Chassis" {
        /// Unique; by custom `ROUTERPORT_CHASSIS`.
        managed name: String = "name",
        /// The chassis.
        managed chassis_name: String = "chassis_name",
        /// 0 to 32767; the highest that lives is the gateway.
        managed priority: i64 = "priority",
        /// OVN knows none yet.
        managed options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// A candidate of a group.
    HaChassis in DATABASE "HA_Chassis" {
        /// The chassis.
        managed chassis_name: String = "chassis_name",
        /// 0 to 32767; the highest that lives is active.
        managed priority: i64 = "priority",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}

table! {
    /// Candidates shared by several ports.
    HaChassisGroup in DATABASE "HA_Chassis_Group" {
        /// Unique.
        managed name: String = "name",
        /// The candidates.
        members ha_chassis: BTreeSet<RowRef> = "ha_chassis",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
