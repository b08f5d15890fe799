//! A floating IP that leads somewhere is a translation of its router, both ways.

use ferrostack_ovn::northbound::{LogicalRouter, Nat, NatType};

use super::{
    Owner, names,
    wanted::{Ids, Parent, Translation, WantedRow},
};
use crate::{ids::Kind, store::floating_ip::FloatingIpRow};

pub(super) fn translate(floating: &FloatingIpRow) -> Translation {
    let owner = Owner::Resource(Kind::FloatingIp, floating.id.0);
    let row = floating.association.map(|to| {
        let parent = Parent::of::<LogicalRouter>(to.router_id.0);
        let row = Nat {
            nat_type: NatType::DnatAndSnat,
            external_ip: floating.floating_ip_address.to_string(),
            logical_ip: to.fixed_ip_address.to_string(),
            external_ids: Ids::new(owner, Some(parent))
                .revision(floating.standard.revision)
                .with("neutron:fip_id", floating.id)
                .with("neutron:fip_port_id", to.port_id)
                .with("neutron:fip_network_id", floating.floating_network_id)
                .with("neutron:router_name", names::neutron(to.router_id))
                .done(),
            ..Nat::default()
        };
        WantedRow::new(floating.id.0, Some(parent), row)
    });
    Translation::new(owner, row.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{PortId, RouterId},
        ovn::fixtures::{self, id, typed},
        store::floating_ip::Association,
    };

    #[test]
    fn only_one_that_leads_somewhere_is_a_translation() {
        let mut floating = fixtures::floating_ip(40, 5, "172.24.4.9");
        assert!(translate(&floating).rows.is_empty());
        floating.association = Some(Association {
            port_id: PortId(id(10)),
            fixed_ip_address: "10.0.0.5".parse().unwrap(),
            router_id: RouterId(id(30)),
        });
        let translation = translate(&floating);
        let nat: Nat = typed(&translation, id(40));
        assert_eq!(
            (nat.nat_type, nat.external_ip.as_str(), nat.logical_ip.as_str()),
            (NatType::DnatAndSnat, "172.24.4.9", "10.0.0.5")
        );
        assert_eq!(translation.rows[0].parent, Some(Parent::of::<LogicalRouter>(id(30))));
    }
}
