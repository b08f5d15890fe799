//! What every deployment has once: the rules that drop what no security group allows, and the groups of gateway chassis.

use ferrostack_ovn::northbound::{Acl, AclAction, Direction, HaChassisGroup, PortGroup};
use uuid::Uuid;

use super::{
    Owner,
    names::{self, GatewayGroup},
    wanted::{Ids, Parent, Translation, WantedRow},
};
use crate::options::NetworkOptions;

/// Priority of the rules that drop.
const DROP_PRIORITY: i64 = 1001;
/// Priority of what is always allowed, as that of the rules of security groups.
const ALLOW_PRIORITY: i64 = 1002;

/// Requests of DHCP clients pass whatever the security groups say: without an address there is nothing to secure.
/// (Neighbour discovery and the answers of DHCP are let through by northd itself.)
const DHCP: [(&str, &str); 2] =
    [("dhcp4", "ip4 && udp.src == 68 && udp.dst == 67"), ("dhcp6", "ip6 && udp.src == 546 && udp.dst == 547")];

pub(super) fn translate(options: &NetworkOptions) -> Translation {
    let owner = Owner::Deployment;
    let group = names::drop_group();
    let row = PortGroup {
        name: names::DROP_GROUP.into(),
        external_ids: Ids::new(owner, None).done(),
        ..PortGroup::default()
    };
    let mut rows = vec![WantedRow::new(group, None, row)];
    let parent = Parent::of::<PortGroup>(group);
    let mut rule = |name: &str, priority, direction, action, what: &str| {
        let port = if direction == Direction::FromPort { "inport" } else { "outport" };
        let acl = Acl {
            priority,
            direction,
            r#match: format!("{port} == @{} && {what}", names::DROP_GROUP),
            action,
            external_ids: Ids::new(owner, Some(parent)).done(),
            ..Acl::default()
        };
        rows.push(WantedRow::new(names::of_deployment(name), Some(parent), acl));
    };
    for direction in [Direction::ToPort, Direction::FromPort] {
        rule(direction.word(), DROP_PRIORITY, direction, AclAction::Drop, "ip");
    }
    for (name, what) in DHCP {
        rule(name, ALLOW_PRIORITY, Direction::FromPort, AclAction::Allow, what);
    }
    for group in GatewayGroup::all(&options.physical_networks) {
        let name = group.name();
        let row = HaChassisGroup { name, external_ids: Ids::new(owner, None).done(), ..HaChassisGroup::default() };
        rows.push(WantedRow::new(group.id(), None, row));
    }
    Translation::new(owner, rows)
}

/// Tables and identifiers of the rows that others refer to.
pub(super) fn foundations(options: &NetworkOptions) -> impl Iterator<Item = (&'static str, Uuid)> {
    use ferrostack_ovn::Table;
    let groups = GatewayGroup::all(&options.physical_networks).map(|group| (HaChassisGroup::TABLE, group.id()));
    groups.chain([(PortGroup::TABLE, names::drop_group())])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ovn::fixtures::all;

    #[test]
    fn everything_is_dropped_but_requests_for_an_address() {
        let acls: Vec<Acl> = all(&translate(&NetworkOptions::default()));
        let expected: BTreeSet<(i64, &str, &str)> = BTreeSet::from([
            (1001, "drop", "outport == @neutron_pg_drop && ip"),
            (1001, "drop", "inport == @neutron_pg_drop && ip"),
            (1002, "allow", "inport == @neutron_pg_drop && ip4 && udp.src == 68 && udp.dst == 67"),
            (1002, "allow", "inport == @neutron_pg_drop && ip6 && udp.src == 546 && udp.dst == 547"),
        ]);
        assert_eq!(
            acls.iter().map(|acl| (acl.priority, acl.action.word(), acl.r#match.as_str())).collect::<BTreeSet<_>>(),
            expected
        );
    }

    #[test]
    fn all_that_others_refer_to_is_wanted() {
        let translation = translate(&NetworkOptions::default());
        let wanted: BTreeSet<_> = translation.rows.iter().map(|row| (row.row.table(), row.uuid)).collect();
        assert!(foundations(&NetworkOptions::default()).all(|row| wanted.contains(&row)));
    }
}
