//! OVN understands everything that users may say.

use serde_json::{Value, json};

use crate::{api::id, world::World};

/// Waits until every chassis has carried out everything, and asserts that nobody complained.
fn understood(world: &World) {
    world.engines.nbctl(&["--wait=hv", "sync"]);
    let complaints = world.engines.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn real_rules_of_all_kinds_are_understood() {
    let Some(world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    world.subnet("admin", &network, "fd00::/64").await;
    world.put("admin", "/v2.0/quotas/admin", json!({"quota": {"security_group_rule": -1}})).await.ok();
    for stateful in [true, false] {
        let body = json!({"security_group": {"name": "all", "stateful": stateful}});
        let group = id(&world.post("admin", "/v2.0/security-groups", body).await.ok()["security_group"]);
        world.server(&network, json!({"security_groups": [group]})).await;
        let mut rules: Vec<Value> = Vec::new();
        let protocols = "ah dccp egp esp gre hopopt icmp igmp ip ipip ipv6-encap ipv6-frag ipv6-icmp ipv6-nonxt ipv6-opts \
            ipv6-route ospf pgm rsvp sctp tcp udp udplite vrrp 0 1 58 99 255";
        for protocol in protocols.split_whitespace() {
            for ethertype in ["IPv4", "IPv6"] {
                for direction in ["ingress", "egress"] {
                    rules.push(json!({"protocol": protocol, "ethertype": ethertype, "direction": direction}));
                }
            }
        }
        for (protocol, ethertype, min, max) in [
            ("tcp", "IPv4", 1, 65_535),
            ("udp", "IPv6", 53, 53),
            ("sctp", "IPv4", 7, 9),
            ("icmp", "IPv4", 8, 0),
            ("icmpv6", "IPv6", 128, 0),
            ("dccp", "IPv4", 5, 6),
            ("udplite", "IPv6", 5, 6),
        ] {
            rules.push(json!({"protocol": protocol, "ethertype": ethertype, "direction": "ingress",
                "port_range_min": min, "port_range_max": max}));
        }
        for (ethertype, prefix) in
            [("IPv4", "10.1.2.3/8"), ("IPv4", "0.0.0.0/0"), ("IPv6", "::/0"), ("IPv6", "fd00::9/64")]
        {
            rules.push(
                json!({"ethertype": ethertype, "direction": "ingress", "protocol": "tcp", "remote_ip_prefix": prefix}),
            );
        }
        for ethertype in ["IPv4", "IPv6"] {
            rules.push(
                json!({"ethertype": ethertype, "direction": "ingress", "protocol": "udp", "remote_group_id": group}),
            );
        }
        let mut made = 0;
        for mut rule in rules {
            rule["security_group_id"] = json!(group);
            let answer = world.post("admin", "/v2.0/security-group-rules", json!({"security_group_rule": rule})).await;
            // Some protocols are of one IP version only.
            assert!(matches!(answer.status, 201 | 400 | 409), "{rule} {}", answer.body);
            made += usize::from(answer.status == 201);
        }
        assert!(made > 90, "{made}");
        world.settle().await;
        understood(&world);
    }
}

#[tokio::test]
async fn real_dhcp_options_of_all_kinds_are_understood() {
    let Some(world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    let body = json!({"subnet": {"network_id": network, "cidr": "10.0.1.0/24", "ip_version": 4,
        "dns_nameservers": ["9.9.9.9", "1.1.1.1"],
        "host_routes": [{"destination": "192.168.0.0/16", "nexthop": "10.0.1.9"}]}});
    world.post("admin", "/v2.0/subnets", body).await.ok();
    for (cidr, mode) in [("fd00:1::/64", "dhcpv6-stateful"), ("fd00:2::/64", "dhcpv6-stateless")] {
        let body = json!({"subnet": {"network_id": network, "cidr": cidr, "ip_version": 6, "ipv6_ra_mode": mode, "ipv6_address_mode": mode}});
        let subnet = id(&world.post("admin", "/v2.0/subnets", body).await.ok()["subnet"]);
        world.router(&[&subnet]).await;
    }
    let values = [
        "10.0.1.9",
        "1400",
        "true",
        "some text",
        "10.0.1.7,10.0.1.8",
        "10.2.0.0/16,10.0.1.9",
        "x); next; output",
        "a\"b\\c",
        "{}",
    ];
    for value in values {
        let names = (1..=255).map(|number| number.to_string());
        let options: Vec<Value> = names.map(|name| json!({"opt_name": name, "opt_value": value})).collect();
        world.server(&network, json!({"extra_dhcp_opts": options})).await;
    }
    let options = ["dns-server", "domain-search", "bootfile-name", "23", "24", "59"]
        .map(|name| json!({"opt_name": name, "opt_value": "fd00::53", "ip_version": 6}));
    let server = world.server(&network, json!({"extra_dhcp_opts": options})).await;
    world.settle().await;
    understood(&world);
    let lease = server.guest.configure(&server.mac);
    assert_eq!(lease.dns.iter().map(ToString::to_string).collect::<Vec<_>>(), ["9.9.9.9", "1.1.1.1"]);
    let routes: Vec<String> = lease.routes.iter().map(|(to, via)| format!("{to} {via}")).collect();
    assert_eq!(routes, ["169.254.169.254/32 10.0.1.2", "192.168.0.0/16 10.0.1.9", "0.0.0.0/0 10.0.1.1"]);
}
