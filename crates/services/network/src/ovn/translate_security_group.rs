//! A security group is a port group, its rules are the group's rules. What no rule allows is dropped by the group that
//! all ports with security are in. For each port group northd keeps the sets `$<name>_ip4` and `$<name>_ip6` of its
//! ports' addresses: that is what a rule about a remote group looks at.

use std::fmt::Write;

use ferrostack_ovn::northbound::{Acl, AclAction, Direction, PortGroup};

use super::{
    Owner, names,
    wanted::{Ids, Parent, Translation, WantedRow},
};
use crate::{
    app::security_group_rule::protocol_number,
    ids::Kind,
    store::{security_group::SecurityGroupRow, security_group_rule::SecurityGroupRuleRow},
};

/// Above the rules that drop.
const ALLOW_PRIORITY: i64 = 1002;

pub(super) fn translate(group: &SecurityGroupRow, rules: &[SecurityGroupRuleRow]) -> Translation {
    let owner = Owner::Resource(Kind::SecurityGroup, group.id.0);
    let row = PortGroup {
        name: names::port_group(group.id),
        external_ids: Ids::new(owner, None)
            .revision(group.standard.revision)
            .with("neutron:security_group_id", group.id)
            .with("neutron:security_group_name", &group.name)
            .done(),
        ..PortGroup::default()
    };
    let mut rows = vec![WantedRow::new(group.id.0, None, row)];
    let parent = Parent::of::<PortGroup>(group.id.0);
    for rule in rules {
        let acl = Acl {
            priority: ALLOW_PRIORITY,
            direction: if rule.direction == "egress" { Direction::FromPort } else { Direction::ToPort },
            r#match: expression(rule),
            action: if group.stateful { AclAction::AllowRelated } else { AclAction::AllowStateless },
            external_ids: Ids::new(owner, Some(parent)).with("neutron:security_group_rule_id", rule.id).done(),
            ..Acl::default()
        };
        rows.push(WantedRow::new(rule.id.0, Some(parent), acl));
    }
    Translation::new(owner, rows)
}

/// What the rule allows, in OVN's language (ovn-sb(5), Logical_Flow, match).
fn expression(rule: &SecurityGroupRuleRow) -> String {
    // Seen from the switch: what comes to a server goes out of its port.
    let (port, side) = if rule.direction == "egress" { ("inport", "dst") } else { ("outport", "src") };
    let ip = if rule.ethertype == "IPv6" { "ip6" } else { "ip4" };
    let mut text = format!("{port} == @{} && {ip}", names::port_group(rule.group_id));
    if let Some(prefix) = rule.normalized_cidr().filter(|prefix| prefix.prefix_len() > 0) {
        let _ = write!(text, " && {ip}.{side} == {prefix}");
    }
    if let Some(remote) = rule.remote_group_id {
        let _ = write!(text, " && {ip}.{side} == ${}_{ip}", names::port_group(remote));
    }
    if let Some(number) = rule.protocol.as_deref().and_then(|name| protocol_number(name, &rule.ethertype)) {
        push_protocol(&mut text, number, rule);
    }
    text
}

fn push_protocol(text: &mut String, number: u8, rule: &SecurityGroupRuleRow) {
    let name = match number {
        1 => "icmp4",
        58 => "icmp6",
        6 => "tcp",
        17 => "udp",
        132 => "sctp",
        // OVN cannot look at the ports of others.
        _ => {
            let _ = write!(text, " && ip.proto == {number}");
            return;
        }
    };
    let _ = write!(text, " && {name}");
    let (min, max) = (rule.port_range_min, rule.port_range_max);
    if matches!(number, 1 | 58) {
        for (field, value) in [("type", min), ("code", max)] {
            if let Some(value) = value {
                let _ = write!(text, " && {name}.{field} == {value}");
            }
        }
        return;
    }
    let _ = match (min, max) {
        (Some(min), Some(max)) if min == max => write!(text, " && {name}.dst == {min}"),
        (Some(min), Some(max)) => write!(text, " && {name}.dst >= {min} && {name}.dst <= {max}"),
        _ => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::SecurityGroupId,
        ovn::fixtures::{self, all, id, typed},
    };

    fn rule(
        direction: &str,
        ethertype: &str,
        protocol: Option<&str>,
        ports: (Option<i64>, Option<i64>),
    ) -> SecurityGroupRuleRow {
        let mut rule = fixtures::rule(50, 20);
        (rule.direction, rule.ethertype) = (direction.into(), ethertype.into());
        rule.protocol = protocol.map(str::to_owned);
        (rule.port_range_min, rule.port_range_max) = ports;
        rule
    }

    #[test]
    fn rules_become_expressions() {
        let group = "pg_00000000_0000_0000_0000_000000000014";
        for (rule, expected) in [
            (rule("ingress", "IPv4", None, (None, None)), "outport == @PG && ip4"),
            (rule("egress", "IPv6", None, (None, None)), "inport == @PG && ip6"),
            (
                rule("ingress", "IPv4", Some("tcp"), (Some(22), Some(22))),
                "outport == @PG && ip4 && tcp && tcp.dst == 22",
            ),
            (
                rule("ingress", "IPv4", Some("17"), (Some(1), Some(9))),
                "outport == @PG && ip4 && udp && udp.dst >= 1 && udp.dst <= 9",
            ),
            (
                rule("ingress", "IPv4", Some("icmp"), (Some(8), Some(0))),
                "outport == @PG && ip4 && icmp4 && icmp4.type == 8 && icmp4.code == 0",
            ),
            (rule("ingress", "IPv6", Some("icmp"), (None, None)), "outport == @PG && ip6 && icmp6"),
            (rule("ingress", "IPv4", Some("vrrp"), (None, None)), "outport == @PG && ip4 && ip.proto == 112"),
        ] {
            assert_eq!(expression(&rule), expected.replace("PG", group));
        }
    }

    #[test]
    fn the_other_side_is_a_prefix_or_a_group() {
        let group = "pg_00000000_0000_0000_0000_000000000014";
        let mut one = rule("ingress", "IPv4", None, (None, None));
        one.remote_ip_prefix = Some("10.1.2.3/8".into());
        assert_eq!(expression(&one), format!("outport == @{group} && ip4 && ip4.src == 10.0.0.0/8"));
        one.remote_ip_prefix = Some("0.0.0.0/0".into());
        assert_eq!(expression(&one), format!("outport == @{group} && ip4"));
        let mut one = rule("egress", "IPv6", None, (None, None));
        one.remote_group_id = Some(SecurityGroupId(id(20)));
        assert_eq!(expression(&one), format!("inport == @{group} && ip6 && ip6.dst == ${group}_ip6"));
    }

    #[test]
    fn a_group_has_a_rule_for_each_rule() {
        let mut group = fixtures::security_group(20);
        let translation = translate(&group, &[fixtures::rule(50, 20), fixtures::rule(51, 20)]);
        let row: PortGroup = typed(&translation, id(20));
        assert_eq!(row.name, "pg_00000000_0000_0000_0000_000000000014");
        let acls: Vec<Acl> = all(&translation);
        assert_eq!(acls.len(), 2);
        assert!(acls.iter().all(|acl| acl.action == AclAction::AllowRelated && acl.priority == 1002));
        group.stateful = false;
        assert_eq!(all::<Acl>(&translate(&group, &[fixtures::rule(50, 20)]))[0].action, AclAction::AllowStateless);
    }
}
