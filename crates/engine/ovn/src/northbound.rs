//! OVN's Northbound database: what the cloud wants of its networks. Columns as of OVN 23.03, ovn-nb(5).

mod acl;
mod dhcp;
mod dns;
mod gateway;
mod global;
mod group;
mod nat;
mod qos;
mod router;
mod switch;

pub use acl::{Acl, AclAction, Direction, Severity};
pub use dhcp::DhcpOptions;
pub use dns::Dns;
pub use gateway::{GatewayChassis, HaChassis, HaChassisGroup};
pub use global::NbGlobal;
pub use group::{AddressSet, PortGroup};
pub use nat::{Nat, NatType};
pub use qos::Qos;
pub use router::{LogicalRouter, LogicalRouterPort, RoutePolicy, StaticRoute};
pub use switch::{LogicalSwitch, LogicalSwitchPort};

use crate::WatchedTable;

/// The database's name.
pub const DATABASE: &str = "OVN_Northbound";

/// All tables and columns that have a row type here.
pub fn watched() -> Vec<WatchedTable> {
    vec![
        WatchedTable::of::<Acl>(),
        WatchedTable::of::<AddressSet>(),
        WatchedTable::of::<DhcpOptions>(),
        WatchedTable::of::<Dns>(),
        WatchedTable::of::<GatewayChassis>(),
        WatchedTable::of::<HaChassis>(),
        WatchedTable::of::<HaChassisGroup>(),
        WatchedTable::of::<LogicalRouter>(),
        WatchedTable::of::<LogicalRouterPort>(),
        WatchedTable::of::<LogicalSwitch>(),
        WatchedTable::of::<LogicalSwitchPort>(),
        WatchedTable::of::<Nat>(),
        WatchedTable::of::<NbGlobal>(),
        WatchedTable::of::<PortGroup>(),
        WatchedTable::of::<Qos>(),
        WatchedTable::of::<StaticRoute>(),
    ]
}
