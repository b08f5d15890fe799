//! Access control.

use std::collections::BTreeMap;

use super::DATABASE;
use crate::table::{table, words};

words! {
    /// Seen from the switch: what a port sends or what it receives.
    Direction {
        /// What a port sends into the switch.
        FromPort = "from-lport",
        /// What the switch gives to a port.
        ToPort = "to-lport",
    }
}

words! {
    /// What becomes of a packet that matches.
    AclAction {
        /// Dropped silently.
        Drop = "drop",
        /// Forwarded; like `allow-related` when any rule of the switch is stateful.
        Allow = "allow",
        /// Forwarded, and so are the answers.
        AllowRelated = "allow-related",
        /// Forwarded without tracking.
        AllowStateless = "allow-stateless",
        /// Dropped, and the sender is told.
        Reject = "reject",
    }
}

words! {
    /// How loud a logged match is.
    Severity {
        /// Loudest.
        Alert = "alert",
        /// Second.
        Warning = "warning",
        /// Third.
        Notice = "notice",
        /// Fourth.
        Info = "info",
        /// Quietest.
        Debug = "debug",
    }
}

table! {
    /// A rule of a switch or of a port group.
    Acl in DATABASE "ACL" {
        /// A name for logs, at most 63 characters.
        managed name: Option<String> = "name",
        /// 0 to 32767; the highest that matches decides.
        managed priority: i64 = "priority",
        /// For packets in this direction.
        managed direction: Direction = "direction",
        /// OVN's match expression.
        managed r#match: String = "match",
        /// What becomes of them.
        managed action: AclAction = "action",
        /// Whether matches are logged.
        managed log: bool = "log",
        /// How loud.
        managed severity: Option<Severity> = "severity",
        /// The meter that limits logging.
        managed meter: Option<String> = "meter",
        /// A number put on the connection, 0 to 2^32 - 1.
        managed label: i64 = "label",
        /// Such as `log-related`.
        managed options: BTreeMap<String, String> = "options",
        /// Whose it is.
        managed external_ids: BTreeMap<String, String> = "external_ids",
    }
}
