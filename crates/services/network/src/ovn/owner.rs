//! Whose a row of the Northbound database is.

use std::fmt;

use ferrostack_ovn::{
    Table,
    northbound::{
        Acl, DhcpOptions, HaChassisGroup, LogicalRouter, LogicalRouterPort, LogicalSwitch, LogicalSwitchPort, Nat,
        PortGroup, StaticRoute,
    },
};
use uuid::Uuid;

use crate::ids::Kind;

/// A resource, or the deployment as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Owner {
    /// What every deployment has once.
    Deployment,
    /// A resource.
    Resource(Kind, Uuid),
}

/// All tables in which something is ours.
pub(super) const TABLES: [&str; 10] = [
    Acl::TABLE,
    DhcpOptions::TABLE,
    HaChassisGroup::TABLE,
    LogicalRouter::TABLE,
    LogicalRouterPort::TABLE,
    LogicalSwitch::TABLE,
    LogicalSwitchPort::TABLE,
    Nat::TABLE,
    PortGroup::TABLE,
    StaticRoute::TABLE,
];

impl Owner {
    /// The tables in which it may have rows.
    pub(super) fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Deployment => &[PortGroup::TABLE, Acl::TABLE, HaChassisGroup::TABLE],
            Self::Resource(Kind::Network, _) => &[LogicalSwitch::TABLE, LogicalSwitchPort::TABLE, Acl::TABLE],
            Self::Resource(Kind::Subnet, _) => &[DhcpOptions::TABLE],
            Self::Resource(Kind::Port, _) => &[LogicalSwitchPort::TABLE, DhcpOptions::TABLE],
            Self::Resource(Kind::Router, _) => {
                &[LogicalRouter::TABLE, LogicalRouterPort::TABLE, StaticRoute::TABLE, Nat::TABLE]
            }
            Self::Resource(Kind::FloatingIp, _) => &[Nat::TABLE],
            Self::Resource(Kind::SecurityGroup, _) => &[PortGroup::TABLE, Acl::TABLE],
            // Rules are their group's rows.
            Self::Resource(Kind::SecurityGroupRule, _) => &[],
        }
    }

    /// Reads what [`fmt::Display`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "deployment" {
            return Some(Self::Deployment);
        }
        let (word, id) = text.split_once(':')?;
        Some(Self::Resource(Kind::from_word(word)?, Uuid::try_parse(id).ok()?))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment => f.write_str("deployment"),
            Self::Resource(kind, id) => write!(f, "{}:{id}", kind.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_survive_their_text() {
        let mut owners: Vec<Owner> = Kind::ALL.map(|kind| Owner::Resource(kind, Uuid::from_u128(7))).to_vec();
        owners.push(Owner::Deployment);
        for owner in owners {
            assert_eq!(Owner::parse(&owner.to_string()), Some(owner));
            assert!(owner.tables().iter().all(|table| TABLES.contains(table)));
        }
        for wrong in ["", "port", "port:7", "cat:00000000-0000-0000-0000-000000000007"] {
            assert_eq!(Owner::parse(wrong), None, "{wrong}");
        }
    }
}
