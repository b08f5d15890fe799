//! The ids of this service's resources: all UUIDs.

use ferrostack_base::uuid_id;
use ferrostack_db::column_id;

uuid_id!(
    /// A network.
    NetworkId, "network"
);
uuid_id!(
    /// A subnet.
    SubnetId, "subnet"
);
uuid_id!(
    /// A port.
    PortId, "port"
);
uuid_id!(
    /// A router.
    RouterId, "router"
);
uuid_id!(
    /// A floating IP.
    FloatingIpId, "floating IP"
);
uuid_id!(
    /// A security group.
    SecurityGroupId, "security group"
);
uuid_id!(
    /// A rule of a security group.
    SecurityGroupRuleId, "security group rule"
);

column_id!(NetworkId, SubnetId, PortId, RouterId, FloatingIpId, SecurityGroupId, SecurityGroupRuleId);

/// The kinds of resources, as errors, tags and the queue of the syncer name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A network.
    Network,
    /// A subnet.
    Subnet,
    /// A port.
    Port,
    /// A router.
    Router,
    /// A floating IP.
    FloatingIp,
    /// A security group.
    SecurityGroup,
    /// A rule of a security group.
    SecurityGroupRule,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Network,
        Self::Subnet,
        Self::Port,
        Self::Router,
        Self::FloatingIp,
        Self::SecurityGroup,
        Self::SecurityGroupRule,
    ];

    /// The word in the database and in OVN.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::Port => "port",
            Self::Router => "router",
            Self::FloatingIp => "floatingip",
            Self::SecurityGroup => "security_group",
            Self::SecurityGroupRule => "security_group_rule",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// For people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Subnet => "Subnet",
            Self::Port => "Port",
            Self::Router => "Router",
            Self::FloatingIp => "Floating IP",
            Self::SecurityGroup => "Security group",
            Self::SecurityGroupRule => "Security group rule",
        }
    }

    /// The API's name of the error "no such thing".
    pub const fn not_found_code(self) -> &'static str {
        match self {
            Self::Network => "NetworkNotFound",
            Self::Subnet => "SubnetNotFound",
            Self::Port => "PortNotFound",
            Self::Router => "RouterNotFound",
            Self::FloatingIp => "FloatingIPNotFound",
            Self::SecurityGroup => "SecurityGroupNotFound",
            Self::SecurityGroupRule => "SecurityGroupRuleNotFound",
        }
    }
}
