//! A network is a switch. A provider network's switch has one more port, by which it is joined with the physical network.

use std::collections::BTreeSet;

use ferrostack_ovn::northbound::{Acl, AclAction, Direction, LogicalSwitch, LogicalSwitchPort};

use super::{
    Owner, names,
    wanted::{Ids, Parent, Translation, WantedRow, map},
};
use crate::{ids::Kind, store::network::NetworkRow};

/// Above all rules of security groups.
const HIGHEST_PRIORITY: i64 = 32_767;

pub(super) fn translate(network: &NetworkRow) -> Translation {
    let id = network.id.0;
    let owner = Owner::Resource(Kind::Network, id);
    let switch = LogicalSwitch {
        name: names::neutron(id),
        other_config: map([("mcast_snoop", "false"), ("vlan-passthru", "false")]),
        external_ids: Ids::new(owner, None)
            .revision(network.standard.revision)
            .with("neutron:network_name", &network.name)
            .with("neutron:mtu", network.mtu)
            .done(),
        ..LogicalSwitch::default()
    };
    let mut rows = vec![WantedRow::new(id, None, switch)];
    let parent = Parent::of::<LogicalSwitch>(id);
    if !network.physical_network.is_empty() {
        let port = LogicalSwitchPort {
            name: format!("provnet-{id}"),
            port_type: "localnet".into(),
            addresses: BTreeSet::from(["unknown".to_owned()]),
            tag: network.segmentation_id.filter(|_| network.network_type == "vlan"),
            options: map([("network_name", &network.physical_network)]),
            external_ids: Ids::new(owner, Some(parent)).with("neutron:network_name", names::neutron(id)).done(),
            ..LogicalSwitchPort::default()
        };
        rows.push(WantedRow::new(names::derived(id, "localnet"), Some(parent), port));
    }
    if !network.admin_state_up {
        // A switch cannot be switched off; one that forwards nothing is the same.
        for direction in [Direction::ToPort, Direction::FromPort] {
            let acl = Acl {
                priority: HIGHEST_PRIORITY,
                direction,
                r#match: "1".into(),
                action: AclAction::Drop,
                external_ids: Ids::new(owner, Some(parent)).done(),
                ..Acl::default()
            };
            rows.push(WantedRow::new(names::derived(id, direction.word()), Some(parent), acl));
        }
    }
    Translation::new(owner, rows)
}

#[cfg(test)]
mod tests {
    use ferrostack_ovn::Table;

    use super::*;
    use crate::ovn::fixtures::{self, typed};

    #[test]
    fn a_tenant_network_is_a_switch_alone() {
        let network = fixtures::network(1);
        let translation = translate(&network);
        assert_eq!(translation.rows.len(), 1);
        let switch: LogicalSwitch = typed(&translation, network.id.0);
        assert_eq!(switch.name, format!("neutron-{}", network.id));
        assert_eq!(switch.external_ids["neutron:revision_number"], "1");
        assert_eq!(switch.external_ids["neutron:network_name"], "net");
    }

    #[test]
    fn a_vlan_is_tagged_and_a_flat_network_is_not() {
        let mut network = fixtures::network(1);
        network.physical_network = "physnet1".into();
        for (network_type, tag) in [("vlan", Some(100)), ("flat", None)] {
            network.network_type = network_type.into();
            network.segmentation_id = Some(100);
            let translation = translate(&network);
            let port: LogicalSwitchPort = typed(&translation, translation.rows[1].uuid);
            assert_eq!((port.port_type.as_str(), port.tag), ("localnet", tag));
            assert_eq!(port.options["network_name"], "physnet1");
            assert_eq!(translation.rows[1].parent, Some(Parent::of::<LogicalSwitch>(network.id.0)));
        }
    }

    #[test]
    fn a_network_that_is_down_drops_everything() {
        let mut network = fixtures::network(1);
        network.admin_state_up = false;
        let translation = translate(&network);
        let acls = translation.rows.iter().filter(|row| row.row.table() == Acl::TABLE);
        let words: Vec<_> =
            acls.map(|row| typed::<Acl>(&translation, row.uuid)).map(|acl| (acl.direction, acl.r#match)).collect();
        assert_eq!(words, [(Direction::ToPort, "1".to_owned()), (Direction::FromPort, "1".to_owned())]);
    }
}
