//! Names, identifiers and keys in the Northbound database. Names and `neutron:` keys are those that operators of
//! Neutron with OVN know.

use uuid::Uuid;

/// The key of `external_ids` under which each row of ours names its resource.
pub(super) const OWNER: &str = "ferrostack:owner";
/// Table and identifier of the row that a row belongs to, as OVSDB has no way back.
pub(super) const PARENT: &str = "ferrostack:parent";
/// The key in `NB_Global` under which the session that may write has its token.
pub(super) const SESSION: &str = "ferrostack:session";
/// The revision of the resource that a row was made from.
pub(super) const REVISION: &str = "neutron:revision_number";
/// The security groups of a port, separated by spaces.
pub(super) const SECURITY_GROUP_IDS: &str = "neutron:security_group_ids";
/// The group of all ports that security applies to; its rules drop what no other rule allows.
pub(super) const DROP_GROUP: &str = "neutron_pg_drop";
/// How many groups of gateway chassis there are for each physical network. Routers are spread over them, so that chassis share the load.
pub(super) const GATEWAY_GROUPS: usize = 16;

/// The root of identifiers that belong to no resource.
const DEPLOYMENT: Uuid = Uuid::from_u128(0x7e1c_4c5a_94d2_4d0b_8f3e_5d1f_20c6_a9b4);

/// The identifier of a further row of a resource.
pub(super) fn derived(id: Uuid, what: &str) -> Uuid {
    Uuid::new_v5(&id, what.as_bytes())
}

/// The identifier of a row that belongs to the deployment.
pub(super) fn of_deployment(what: &str) -> Uuid {
    derived(DEPLOYMENT, what)
}

/// The name of a network's switch, or of a router.
pub(super) fn neutron(id: impl std::fmt::Display) -> String {
    format!("neutron-{id}")
}

/// The name of a router's port.
pub(super) fn router_port(id: impl std::fmt::Display) -> String {
    format!("lrp-{id}")
}

/// The name of a security group's port group; northd makes the sets `<name>_ip4` and `<name>_ip6` of its addresses.
pub(super) fn port_group(id: impl std::fmt::Display) -> String {
    format!("pg_{id}").replace('-', "_")
}

/// The identifier of the group of all ports with security.
pub(super) fn drop_group() -> Uuid {
    of_deployment(DROP_GROUP)
}

/// A group of gateway chassis: of those with a way to one physical network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GatewayGroup<'a> {
    /// Its name; empty = any.
    pub(super) physical_network: &'a str,
    number: usize,
}

impl<'a> GatewayGroup<'a> {
    /// All groups of a deployment with these physical networks.
    pub(super) fn all(physical_networks: &'a [String]) -> impl Iterator<Item = Self> {
        let networks = physical_networks.iter().map(String::as_str).chain([""]);
        networks.flat_map(|physical_network| (0..GATEWAY_GROUPS).map(move |number| Self { physical_network, number }))
    }

    /// The group of a router whose gateway is on that physical network.
    pub(super) fn of(router: Uuid, physical_network: &'a str, known: &[String]) -> Self {
        let number = router.as_bytes().iter().fold(0, |sum, byte| (sum * 31 + usize::from(*byte)) % GATEWAY_GROUPS);
        let is_known = known.iter().any(|known| known == physical_network);
        Self { physical_network: if is_known { physical_network } else { "" }, number }
    }

    pub(super) fn name(self) -> String {
        match self.physical_network {
            "" => format!("neutron-gateway-{}", self.number),
            physical_network => format!("neutron-gateway-{physical_network}-{}", self.number),
        }
    }

    pub(super) fn id(self) -> Uuid {
        of_deployment(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_operators_know() {
        let id = Uuid::from_u128(0xa);
        assert_eq!(neutron(id), "neutron-00000000-0000-0000-0000-00000000000a");
        assert_eq!(port_group(id), "pg_00000000_0000_0000_0000_00000000000a");
        assert_eq!(router_port(id), "lrp-00000000-0000-0000-0000-00000000000a");
    }

    #[test]
    fn routers_are_spread_over_all_gateway_groups() {
        let known = ["public".to_owned()];
        let names = |physical: &'static str| -> std::collections::BTreeSet<String> {
            (0..1000).map(|_| GatewayGroup::of(Uuid::new_v4(), physical, &known).name()).collect()
        };
        let all: std::collections::BTreeSet<String> = GatewayGroup::all(&known).map(GatewayGroup::name).collect();
        assert_eq!((names("public").len(), names("unheard-of").len()), (GATEWAY_GROUPS, GATEWAY_GROUPS));
        assert_eq!(&names("public") | &names(""), all);
    }
}
