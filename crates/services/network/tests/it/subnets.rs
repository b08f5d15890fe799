use serde_json::{Value, json};

use crate::cloud::{Cloud, id};

async fn create(cloud: &Cloud, network: &str, mut subnet: Value) -> crate::api::Answer {
    subnet["network_id"] = json!(network);
    cloud.post("member:p", "/v2.0/subnets", json!({"subnet": subnet})).await
}

#[tokio::test]
async fn a_subnet_gets_gateway_and_pools_by_itself() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let made = create(&cloud, &network, json!({"cidr": "10.0.0.7/24", "ip_version": 4})).await;
        assert_eq!(made.status, 201);
        let subnet = &made.body["subnet"];
        for (key, value) in [
            ("cidr", json!("10.0.0.0/24")),
            ("gateway_ip", json!("10.0.0.1")),
            ("allocation_pools", json!([{"start": "10.0.0.2", "end": "10.0.0.254"}])),
            ("enable_dhcp", json!(true)),
            ("dns_nameservers", json!([])),
            ("host_routes", json!([])),
            ("ip_version", json!(4)),
            ("ipv6_ra_mode", Value::Null),
            ("subnetpool_id", Value::Null),
            ("project_id", json!("p")),
        ] {
            assert_eq!(subnet[key], value, "{key}");
        }
        let path = format!("/v2.0/subnets/{}", id(subnet));
        let change = json!({"subnet": {"name": "new", "dns_nameservers": ["8.8.8.8"], "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}], "gateway_ip": null}});
        let changed = cloud.put("member:p", &path, change).await.ok();
        assert_eq!(changed["subnet"]["dns_nameservers"], json!(["8.8.8.8"]));
        assert_eq!(changed["subnet"]["gateway_ip"], Value::Null);
        assert_eq!(changed["subnet"]["host_routes"], json!([{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]));
        cloud.delete("member:p", &path).await.ok();
        assert_eq!(
            cloud.get("member:p", &format!("/v2.0/networks/{network}")).await.ok()["network"]["subnets"],
            json!([])
        );
    }
}

#[tokio::test]
async fn wrong_subnets_are_refused() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let long: Vec<String> = (1..7).map(|n| format!("8.8.8.{n}")).collect();
        for (subnet, status, kind) in [
            (json!({"ip_version": 4}), 400, "BadRequest"),
            (json!({"cidr": "10.0.0.0/33", "ip_version": 4}), 400, "InvalidInput"),
            (json!({"cidr": "10.0.0.0/24", "ip_version": 6}), 400, "InvalidInput"),
            (json!({"cidr": "224.0.0.0/24", "ip_version": 4}), 400, "InvalidInput"),
            (json!({"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.0"}), 400, "InvalidInput"),
            (json!({"cidr": "10.0.0.0/24", "gateway_ip": "fe80::1"}), 400, "InvalidInput"),
            (
                json!({"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.5", "allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.9"}]}),
                409,
                "GatewayConflictWithAllocationPools",
            ),
            (
                json!({"cidr": "10.0.0.0/24", "allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.9"}, {"start": "10.0.0.9", "end": "10.0.0.20"}]}),
                409,
                "OverlappingAllocationPools",
            ),
            (
                json!({"cidr": "10.0.0.0/24", "allocation_pools": [{"start": "10.0.0.9", "end": "10.0.0.2"}]}),
                400,
                "InvalidAllocationPool",
            ),
            (
                json!({"cidr": "10.0.0.0/24", "allocation_pools": [{"start": "10.0.0.9", "end": "10.0.1.2"}]}),
                400,
                "OutOfBoundsAllocationPool",
            ),
            (json!({"cidr": "10.0.0.0/24", "dns_nameservers": long}), 400, "DNSNameServersExhausted"),
            (json!({"cidr": "10.0.0.0/24", "dns_nameservers": ["example"]}), 400, "InvalidInput"),
            (json!({"cidr": "10.0.0.0/24", "ipv6_ra_mode": "slaac"}), 400, "InvalidInput"),
            (json!({"cidr": "2001:db8::/80", "ip_version": 6, "ipv6_address_mode": "slaac"}), 400, "InvalidInput"),
            (
                json!({"cidr": "2001:db8::/64", "ip_version": 6, "ipv6_address_mode": "slaac", "ipv6_ra_mode": "dhcpv6-stateful"}),
                400,
                "InvalidInput",
            ),
        ] {
            let text = subnet.to_string();
            let answer = create(&cloud, &network, subnet).await;
            assert_eq!(
                (answer.status, answer.body["NeutronError"]["type"].as_str().unwrap()),
                (status, kind),
                "{text}: {}",
                answer.body
            );
        }
        assert_eq!(cloud.ids("member:p", "/v2.0/subnets").await.len(), 0);
    }
}

#[tokio::test]
async fn subnets_of_a_network_do_not_overlap_also_when_made_together() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        cloud.subnet("member:p", &network, "10.0.0.0/16").await;
        let text = create(&cloud, &network, json!({"cidr": "10.0.1.0/24"})).await.refused(400, "InvalidInput");
        assert!(text.contains("overlaps with another subnet"), "{text}");
        let other = cloud.network("member:p", "m").await;
        cloud.subnet("member:p", &other, "10.0.0.0/16").await;
        let race = futures_all((0..6).map(|_| create(&cloud, &network, json!({"cidr": "10.7.0.0/24"})))).await;
        assert_eq!(race.iter().filter(|answer| answer.status == 201).count(), 1);
        let bulk = json!({"subnets": [{"network_id": network, "cidr": "10.8.0.0/24"}, {"network_id": network, "cidr": "10.8.0.0/25"}]});
        cloud.post("member:p", "/v2.0/subnets", bulk).await.refused(400, "InvalidInput");
        assert_eq!(cloud.ids("member:p", &format!("/v2.0/subnets?network_id={network}")).await.len(), 2);
    }
}

/// All futures together, on this task.
pub async fn futures_all<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_subnet_with_ports_stays_unless_they_made_their_addresses_themselves() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let subnet = cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let slaac =
            json!({"cidr": "2001:db8::/64", "ip_version": 6, "ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"});
        let port = cloud.port("member:p", &network).await;
        let own = id(&create(&cloud, &network, slaac).await.ok()["subnet"]);
        let path = format!("/v2.0/ports/{}", id(&port));
        let ips = cloud.get("member:p", &path).await.ok()["port"]["fixed_ips"].clone();
        assert_eq!(ips.as_array().unwrap().len(), 2, "{ips}");
        assert!(ips[1]["ip_address"].as_str().unwrap().starts_with("2001:db8::f816:3eff:fe"), "{ips}");
        cloud.delete("member:p", &format!("/v2.0/subnets/{subnet}")).await.refused(409, "SubnetInUse");
        cloud.delete("member:p", &format!("/v2.0/subnets/{own}")).await.ok();
        assert_eq!(cloud.get("member:p", &path).await.ok()["port"]["fixed_ips"].as_array().unwrap().len(), 1);
    }
}
