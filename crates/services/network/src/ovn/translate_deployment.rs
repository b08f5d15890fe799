//! What every deployment has once: the rules that drop what no security group allows, and the groups of gateway chassis.

use ferrostack_ovn::northbound::{Acl, AclAction, Direction, HaChassisGroup, PortGroup};
use uuid::Uuid;

use super::{
    Owner, names,
    wanted::{Ids, Parent, Translation, WantedRow},
};

/// Priority of the rules that drop.
const DROP_PRIORITY: i64 = 1001;

pub(super) fn translate() -> Translation {
    let owner = Owner::Deployment;
    let group = names::drop_group();
    let row = PortGroup { name: names::DROP_GROUP.into(), external_ids: Ids::new(owner, None).done(), ..PortGroup::default() };
    let mut rows = vec![WantedRow::new(group, None, row)];
    for (direction, port) in [(Direction::ToPort, "outport"), (Direction::FromPort, "inport")] {
        let parent = Parent::of::<PortGroup>(group);
        let acl = Acl {
            priority: DROP_PRIORITY,
            direction,
            r#match: format!("{port} == @{} && ip", names::DROP_GROUP),
            action: AclAction::Drop,
            external_ids: Ids::new(owner, Some(parent)).done(),
            ..Acl::default()
        };
        rows.push(WantedRow::new(names::of_deployment(direction.word()), Some(parent), acl));
    }
    for number in 0..names::GATEWAY_GROUPS {
        let name = names::gateway_group(number);
        let row = HaChassisGroup { name, external_ids: Ids::new(owner, None).done(), ..HaChassisGroup::default() };
        rows.push(WantedRow::new(names::gateway_group_id(number), None, row));
    }
    Translation::new(owner, rows)
}

/// Tables and identifiers of the rows that others refer to.
pub(super) fn foundations() -> impl Iterator<Item = (&'static str, Uuid)> {
    use ferrostack_ovn::Table;
    let groups = (0..names::GATEWAY_GROUPS).map(|number| (HaChassisGroup::TABLE, names::gateway_group_id(number)));
    groups.chain([(PortGroup::TABLE, names::drop_group())])
}
