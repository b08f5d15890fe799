//! Security group rules.

use std::collections::HashMap;

use ferrostack_auth::Ctx;
use ferrostack_base::Timestamp;

use crate::{
    Network,
    app::{access::owner, cidr, quota::Resource},
    error::NetworkError,
    ids::{Kind, SecurityGroupId, SecurityGroupRuleId},
    policy::Asked,
    store::{self, Standard, security_group_rule::SecurityGroupRuleRow},
    wire::security_group_rule::CreateRule,
};

/// Names of protocols and their numbers (IANA's list). `ipv6-icmp`, `icmpv6` and, for IPv6, `icmp` are the same.
pub(crate) const PROTOCOLS: [(&str, u8); 25] = [
    ("hopopt", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6-encap", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("ospf", 89),
    ("pim", 103),
    ("pgm", 113),
    ("vrrp", 112),
    ("sctp", 132),
    ("udplite", 136),
];

/// The number of a protocol; none for a name that nobody knows.
pub(crate) fn protocol_number(name: &str, ethertype: &str) -> Option<u8> {
    let number =
        name.parse().ok().or_else(|| PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number))?;
    Some(if number == 1 && ethertype == "IPv6" { 58 } else { number })
}

/// Makes rules, all or none; they belong to one group.
pub(crate) async fn create(
    cx: &Ctx,
    net: &Network,
    wanted: Vec<CreateRule>,
) -> Result<Vec<SecurityGroupRuleRow>, NetworkError> {
    let group_id = wanted.first().map(|rule| rule.security_group_id.clone()).unwrap_or_default();
    if wanted.iter().any(|rule| rule.security_group_id != group_id) {
        return Err(NetworkError::bad(
            "SecurityGroupNotSingleGroupRules",
            "Only allowed to update rules for one security profile at a time.",
        ));
    }
    let group = net.find_security_group(cx, &group_id, "get_security_group").await?;
    let mut rows: Vec<SecurityGroupRuleRow> = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let project_id = owner(cx, wanted.project_id.clone().value())?;
        cx.allow("create_security_group_rule", &Asked::of(&project_id))?;
        let row = check_new(wanted, group.id, project_id, net.clock().now())?;
        if let Some(remote) = row.remote_group_id {
            net.find_security_group(cx, &remote.to_string(), "get_security_group").await?;
        }
        if let Some(same) = rows.iter().find(|other| key(other) == key(&row)) {
            return Err(exists(same.id));
        }
        rows.push(row);
    }
    let (rows, group, now) = (&rows, &group, net.clock().now());
    net.db()
        .tx(|tx| async move {
            if !store::security_group::lock(&tx, group.id, now).await? {
                return Err(NetworkError::not_found(Kind::SecurityGroup, group.id));
            }
            let present = store::security_group_rule::list_of_groups(&tx, &[group.id]).await?;
            let present: HashMap<_, _> = present.iter().map(|rule| (key(rule), rule.id)).collect();
            for row in rows {
                if let Some(same) = present.get(&key(row)) {
                    return Err(exists(*same));
                }
                net.take_quota(&tx, &row.project_id, &row.id.to_string(), Resource::SecurityGroupRules).await?;
            }
            store::security_group_rule::insert(&tx, rows).await?;
            net.enqueue(&tx, &[(Kind::SecurityGroup, group.id.0, group.standard.revision + 1)]).await
        })
        .await?;
    Ok(rows.clone())
}

/// What two rules of a group must not both have: all that decides whether a packet matches.
type Key = (String, String, Option<u8>, Option<i64>, Option<i64>, Option<ipnet::IpNet>, Option<SecurityGroupId>);

fn key(row: &SecurityGroupRuleRow) -> Key {
    let protocol = row.protocol.as_deref().and_then(|name| protocol_number(name, &row.ethertype));
    // The prefix that holds everything is the same as none.
    let prefix = row.normalized_cidr().filter(|net| net.prefix_len() > 0);
    (
        row.direction.clone(),
        row.ethertype.clone(),
        protocol,
        row.port_range_min,
        row.port_range_max,
        prefix,
        row.remote_group_id,
    )
}

fn exists(id: SecurityGroupRuleId) -> NetworkError {
    NetworkError::conflict("SecurityGroupRuleExists", format!("Security group rule already exists. Rule id is {id}."))
}

fn check_new(
    wanted: CreateRule,
    group_id: SecurityGroupId,
    project_id: String,
    now: Timestamp,
) -> Result<SecurityGroupRuleRow, NetworkError> {
    let direction = wanted.direction.to_ascii_lowercase();
    if !matches!(direction.as_str(), "ingress" | "egress") {
        return Err(NetworkError::invalid(format!(
            "Invalid input for direction. Reason: '{direction}' is not in ['ingress', 'egress']."
        )));
    }
    let prefix = wanted.remote_ip_prefix.value().filter(|text| !text.is_empty());
    let remote = wanted.remote_group_id.value().filter(|text| !text.is_empty());
    let ethertype = match wanted.ethertype.value().as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("ipv4") => "IPv4",
        Some("ipv6") => "IPv6",
        Some(other) => {
            return Err(NetworkError::bad(
                "SecurityGroupRuleInvalidEtherType",
                format!("Security group rule for ethertype '{other}' not supported. Allowed values are IPv4, IPv6."),
            ));
        }
    };
    if prefix.is_some() && remote.is_some() {
        let message = "Only one of remote_ip_prefix or remote_group_id may be provided.";
        return Err(NetworkError::bad("SecurityGroupMultipleRemoteEntites", message));
    }
    if let Some(text) = &prefix {
        let net = cidr::parse(text).ok_or_else(|| {
            NetworkError::invalid(format!(
                "Invalid input for remote_ip_prefix. Reason: '{text}' is not a valid IP prefix."
            ))
        })?;
        if net.addr().is_ipv4() != (ethertype == "IPv4") {
            let message = format!("Conflicting value ethertype {ethertype} for CIDR {text}.");
            return Err(NetworkError::bad("SecurityGroupRuleParameterConflict", message));
        }
    }
    let remote_group_id = match remote {
        Some(text) => Some(text.parse().map_err(|_| NetworkError::not_found(Kind::SecurityGroup, text))?),
        None => None,
    };
    let protocol = protocol(wanted.protocol.value().map(|text| text.0), ethertype)?;
    let (min, max) =
        (wanted.port_range_min.value().map(|port| port.0), wanted.port_range_max.value().map(|port| port.0));
    let (port_range_min, port_range_max) = ports(protocol.as_deref(), ethertype, min, max)?;
    Ok(SecurityGroupRuleRow {
        id: SecurityGroupRuleId::new(),
        project_id,
        group_id,
        direction,
        ethertype: ethertype.to_owned(),
        protocol,
        port_range_min,
        port_range_max,
        remote_ip_prefix: prefix,
        remote_group_id,
        standard: Standard::new(wanted.description.value().unwrap_or_default(), now),
    })
}

/// The protocol as it is stored: in lower case; `any` and -1 are none.
fn protocol(given: Option<String>, ethertype: &str) -> Result<Option<String>, NetworkError> {
    let Some(name) =
        given.map(|name| name.to_ascii_lowercase()).filter(|name| !matches!(name.as_str(), "" | "any" | "-1"))
    else {
        return Ok(None);
    };
    let Some(number) = protocol_number(&name, ethertype) else {
        let known: Vec<&str> = PROTOCOLS.iter().map(|(name, _)| *name).collect();
        return Err(NetworkError::bad(
            "SecurityGroupRuleInvalidProtocol",
            format!(
                "Security group rule protocol {name} not supported. Only protocol values {} and integer representations [0 to 255] are supported.",
                known.join(", ")
            ),
        ));
    };
    let only_v6 = name.starts_with("ipv6-") || name == "icmpv6";
    if only_v6 && ethertype == "IPv4" && number != 41 {
        let message = format!("Invalid ethertype {ethertype} for protocol {name}.");
        return Err(NetworkError::bad("SecurityGroupEthertypeConflictWithProtocol", message));
    }
    Ok(Some(name))
}

/// Checks ports, or type and code of ICMP.
fn ports(
    protocol: Option<&str>,
    ethertype: &str,
    min: Option<i64>,
    max: Option<i64>,
) -> Result<(Option<i64>, Option<i64>), NetworkError> {
    // -1 for both is the older way to say "all".
    let (min, max) = if min == Some(-1) && max.is_none_or(|max| max == -1) { (None, None) } else { (min, max) };
    if min.is_none() && max.is_none() {
        return Ok((None, None));
    }
    let Some(name) = protocol else {
        return Err(NetworkError::bad(
            "SecurityGroupProtocolRequiredWithPorts",
            "Must also specify protocol if port range is given.",
        ));
    };
    match protocol_number(name, ethertype) {
        Some(1 | 58) => {
            for (field, value) in [("type", min), ("code", max)] {
                if let Some(value) = value.filter(|value| !(0..=255).contains(value)) {
                    let message = format!("Invalid value for ICMP {field} {value}. It must be 0 to 255.");
                    return Err(NetworkError::bad("SecurityGroupInvalidIcmpValue", message));
                }
            }
            if min.is_none() {
                let message = format!(
                    "ICMP code (port-range-max) {} is provided but ICMP type (port-range-min) is missing.",
                    max.unwrap_or(0)
                );
                return Err(NetworkError::bad("SecurityGroupMissingIcmpType", message));
            }
        }
        Some(6 | 17 | 33 | 132 | 136) => {
            let fits = |port: i64| (1..=65_535).contains(&port);
            match (min, max) {
                (Some(min), Some(max)) if fits(min) && fits(max) && min <= max => {}
                (Some(min), Some(max)) if fits(min) && fits(max) => {
                    let message =
                        format!("For TCP/UDP protocols, port_range_min must be <= port_range_max ({min} > {max}).");
                    return Err(NetworkError::bad("SecurityGroupInvalidPortRange", message));
                }
                (Some(_), Some(_)) => {
                    let bad = [min, max].into_iter().flatten().find(|port| !fits(*port)).unwrap_or(0);
                    return Err(NetworkError::bad(
                        "SecurityGroupInvalidPortValue",
                        format!("Invalid value for port {bad}."),
                    ));
                }
                _ => {
                    let message = "For TCP/UDP protocols, port_range_min and port_range_max must both be given.";
                    return Err(NetworkError::bad("SecurityGroupInvalidPortRange", message));
                }
            }
        }
        _ => {
            let message =
                format!("Invalid protocol {name} for port range, only supported for TCP, UDP, UDPLITE, SCTP and DCCP.");
            return Err(NetworkError::bad("SecurityGroupInvalidProtocolForPort", message));
        }
    }
    Ok((min, max))
}

/// Deletes a rule.
pub(crate) async fn delete(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    let row = net.find_security_group_rule(cx, id, "delete_security_group_rule").await?;
    let (row, now) = (&row, net.clock().now());
    net.db()
        .tx(|tx| async move {
            store::security_group::lock(&tx, row.group_id, now).await?;
            if !store::security_group_rule::delete(&tx, row.id).await? {
                return Err(NetworkError::not_found(Kind::SecurityGroupRule, row.id));
            }
            ferrostack_quota::give_back(&tx, &row.id.to_string()).await?;
            net.enqueue(&tx, &[(Kind::SecurityGroup, row.group_id.0, 0)]).await
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<(Option<i64>, Option<i64>), NetworkError>) -> &'static str {
        match result {
            Ok(_) => "fine",
            Err(NetworkError::Invalid { code, .. }) => code,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn ports_must_fit_the_protocol() {
        for (protocol, min, max, expected) in [
            (Some("tcp"), Some(22), Some(22), "fine"),
            (Some("6"), Some(22), Some(80), "fine"),
            (Some("tcp"), None, None, "fine"),
            (None, None, None, "fine"),
            (Some("icmp"), Some(8), Some(0), "fine"),
            (Some("icmp"), Some(11), None, "fine"),
            (Some("tcp"), Some(80), Some(22), "SecurityGroupInvalidPortRange"),
            (Some("tcp"), Some(80), None, "SecurityGroupInvalidPortRange"),
            (Some("udp"), Some(0), Some(70_000), "SecurityGroupInvalidPortValue"),
            (None, Some(22), Some(22), "SecurityGroupProtocolRequiredWithPorts"),
            (Some("icmp"), None, Some(0), "SecurityGroupMissingIcmpType"),
            (Some("icmp"), Some(256), None, "SecurityGroupInvalidIcmpValue"),
            (Some("esp"), Some(1), Some(2), "SecurityGroupInvalidProtocolForPort"),
        ] {
            assert_eq!(code(ports(protocol, "IPv4", min, max)), expected, "{protocol:?} {min:?} {max:?}");
        }
    }

    #[test]
    fn protocols_are_names_or_numbers() {
        assert_eq!(protocol(Some("TCP".into()), "IPv4").unwrap().as_deref(), Some("tcp"));
        assert_eq!(protocol(Some("17".into()), "IPv4").unwrap().as_deref(), Some("17"));
        assert_eq!(protocol(Some("any".into()), "IPv4").unwrap(), None);
        assert!(protocol(Some("carrier-pigeon".into()), "IPv4").is_err());
        assert!(protocol(Some("256".into()), "IPv4").is_err());
        assert!(protocol(Some("ipv6-icmp".into()), "IPv4").is_err());
        assert_eq!(protocol_number("icmp", "IPv6"), Some(58));
    }
}
