//! Bandwidth limits and markings of switches.

use std::collections::BTreeMap;

use super::{DATABASE, Direction};
use crate::table::table;

table! {
    /// One rule.
    Qos in DATABASE "QoS" {
        /// 0 to 32767; the highest that matches decides.
        managed priority: i64 = "priority",
        /// For packets in this direction.
        managed direction: Direction = "direction",
        /// OVN's match expression.
        managed r#match: String = "match",
        /// `dscp`, 0 to 63.
        managed action: BTreeMap<String, i64> = "action",
        /// `rate` in kbit/s and `burst` in kbit.
        managed bandwidth: BTreeMap<String, i64> = "bandwidth",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
