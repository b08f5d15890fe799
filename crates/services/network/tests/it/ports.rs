use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    cloud::{Cloud, id},
    subnets::futures_all,
};

fn address(port: &Value) -> String {
    port["fixed_ips"][0]["ip_address"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_port_is_made_shown_changed_and_deleted() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let subnet = cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let port = cloud.port("member:p", &network).await;
        let path = format!("/v2.0/ports/{}", id(&port));
        for (key, value) in [
            ("status", json!("DOWN")),
            ("admin_state_up", json!(true)),
            ("device_id", json!("")),
            ("fixed_ips", json!([{"subnet_id": subnet, "ip_address": "10.0.0.3"}])),
            ("binding:vnic_type", json!("normal")),
            ("port_security_enabled", json!(true)),
            ("dns_name", json!("")),
            (
                "dns_assignment",
                json!([{"hostname": "host-10-0-0-3", "ip_address": "10.0.0.3", "fqdn": "host-10-0-0-3.openstacklocal."}]),
            ),
        ] {
            assert_eq!(port[key], value, "{key}");
        }
        assert!(port["mac_address"].as_str().unwrap().starts_with("fa:16:3e:"));
        assert!(port.get("binding:host_id").is_none());
        assert_eq!(cloud.get("member:p", &path).await.ok()["port"], port);
        let groups = cloud.ids("member:p", "/v2.0/security-groups?name=default").await;
        assert_eq!(port["security_groups"], json!(groups));
        let change = json!({"port": {"name": "New", "admin_state_up": false, "security_groups": [],
            "allowed_address_pairs": [{"ip_address": "10.0.0.99"}], "extra_dhcp_opts": [{"opt_name": "mtu", "opt_value": 1400}]}});
        let changed = cloud.put("member:p", &path, change).await.ok()["port"].clone();
        assert_eq!(changed["name"], json!("New"));
        assert_eq!(changed["security_groups"], json!([]));
        assert_eq!(
            changed["allowed_address_pairs"],
            json!([{"ip_address": "10.0.0.99", "mac_address": port["mac_address"]}])
        );
        assert_eq!(changed["extra_dhcp_opts"], json!([{"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}]));
        let admin = cloud.get("admin", &path).await.ok()["port"].clone();
        assert_eq!((&admin["binding:vif_type"], &admin["binding:host_id"]), (&json!("unbound"), &json!("")));
        cloud.delete("member:p", &path).await.ok();
        cloud.get("member:p", &path).await.refused(404, "PortNotFound");
        cloud.delete("member:p", &format!("/v2.0/subnets/{subnet}")).await.ok();
    }
}

#[tokio::test]
async fn addresses_are_given_once_and_run_out() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        cloud.subnet("member:p", &network, "10.0.0.0/29").await; // .3 to .6: .2 is the metadata port's
        let body = json!({"port": {"network_id": network}});
        let all = futures_all((0..7).map(|_| cloud.post("member:p", "/v2.0/ports", body.clone()))).await;
        let (made, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|answer| answer.status == 201);
        let taken: BTreeSet<String> = made.iter().map(|answer| address(&answer.body["port"])).collect();
        assert_eq!(taken.len(), 4, "{taken:?}");
        for answer in refused {
            answer.refused(409, "IpAddressGenerationFailure");
        }
        let gone = &made[2].body["port"];
        cloud.delete("member:p", &format!("/v2.0/ports/{}", id(gone))).await.ok();
        assert_eq!(address(&cloud.port("member:p", &network).await), address(gone));
        let other = cloud.ids("member:p", &format!("/v2.0/ports?fixed_ips=ip_address%3D{}", address(gone))).await;
        assert_eq!(other.len(), 1);
    }
}

#[tokio::test]
async fn a_wished_address_must_fit_and_be_free() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let subnet = cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let wish = |ips: Value| {
            cloud.post("member:p", "/v2.0/ports", json!({"port": {"network_id": network, "fixed_ips": ips}}))
        };
        let port = wish(json!([{"ip_address": "10.0.0.50"}])).await.ok()["port"].clone();
        assert_eq!(address(&port), "10.0.0.50");
        wish(json!([{"ip_address": "10.0.0.50"}])).await.refused(409, "IpAddressAlreadyAllocated");
        wish(json!([{"ip_address": "10.0.9.50"}])).await.refused(400, "InvalidIpForNetwork");
        wish(json!([{"subnet_id": subnet, "ip_address": "10.0.9.50"}])).await.refused(400, "InvalidIpForSubnet");
        assert_eq!(wish(json!([])).await.ok()["port"]["fixed_ips"], json!([]));
        let path = format!("/v2.0/ports/{}", id(&port));
        let moved = cloud
            .put(
                "member:p",
                &path,
                json!({"port": {"fixed_ips": [{"ip_address": "10.0.0.51"}, {"subnet_id": subnet}]}}),
            )
            .await
            .ok();
        assert_eq!(moved["port"]["fixed_ips"].as_array().unwrap().len(), 2);
        let ips = moved["port"]["fixed_ips"].clone();
        assert_eq!(
            (&ips[0]["ip_address"], &ips[1]["ip_address"]),
            (&json!("10.0.0.51"), &json!("10.0.0.50")),
            "one that it has is kept"
        );
        let shrunk = cloud.put("member:p", &path, json!({"port": {"fixed_ips": [{"subnet_id": subnet}]}})).await.ok();
        assert_eq!(address(&shrunk["port"]), "10.0.0.51");
        wish(json!([{"ip_address": "10.0.0.50"}])).await.ok();
    }
}

#[tokio::test]
async fn only_owners_of_the_network_choose_mac_and_address() {
    for cloud in Cloud::each().await {
        let body = json!({"network": {"name": "s", "shared": true}});
        let network = id(&cloud.post("admin", "/v2.0/networks", body).await.ok()["network"]);
        cloud.subnet("admin", &network, "10.0.0.0/24").await;
        let port = cloud.port("member:p", &network).await;
        assert_eq!(port["project_id"], json!("p"));
        for part in [
            json!({"mac_address": "fa:16:3e:00:00:01"}),
            json!({"fixed_ips": [{"ip_address": "10.0.0.9"}]}),
            json!({"port_security_enabled": false}),
            json!({"allowed_address_pairs": [{"ip_address": "10.0.0.9"}]}),
            json!({"device_owner": "network:dhcp"}),
            json!({"binding:host_id": "node-1"}),
        ] {
            let mut body = part.clone();
            body["network_id"] = json!(network);
            cloud.post("member:p", "/v2.0/ports", json!({"port": body})).await.refused(403, "PolicyNotAuthorized");
        }
        let bound = cloud.post("admin", "/v2.0/ports", json!({"port": {"network_id": network, "binding:host_id": "node-1", "mac_address": "FA-16-3E-00-00-01"}})).await.ok();
        assert_eq!(
            (&bound["port"]["binding:vif_type"], &bound["port"]["mac_address"]),
            (&json!("ovs"), &json!("fa:16:3e:00:00:01"))
        );
        cloud
            .post("admin", "/v2.0/ports", json!({"port": {"network_id": network, "mac_address": "fa:16:3e:00:00:01"}}))
            .await
            .refused(409, "MacAddressInUse");
        cloud.get("member:q", &format!("/v2.0/ports/{}", id(&port))).await.refused(404, "PortNotFound");
        assert_eq!(cloud.ids("member:p", "/v2.0/ports").await, [id(&port)]);
    }
}

#[tokio::test]
async fn security_needs_port_security() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let post = |mut port: Value| {
            port["network_id"] = json!(network);
            cloud.post("member:p", "/v2.0/ports", json!({"port": port}))
        };
        let open = post(json!({"port_security_enabled": false})).await.ok();
        assert_eq!(open["port"]["security_groups"], json!([]));
        let group = cloud.ids("member:p", "/v2.0/security-groups").await.remove(0);
        post(json!({"port_security_enabled": false, "security_groups": [group]}))
            .await
            .refused(400, "PortSecurityAndIPRequiredForSecurityGroups");
        post(json!({"port_security_enabled": false, "allowed_address_pairs": [{"ip_address": "10.0.0.7"}]}))
            .await
            .refused(409, "AddressPairAndPortSecurityRequired");
        let port = cloud.port("member:p", &network).await;
        let path = format!("/v2.0/ports/{}", id(&port));
        cloud
            .put("member:p", &path, json!({"port": {"port_security_enabled": false}}))
            .await
            .refused(409, "PortSecurityPortHasSecurityGroup");
        cloud
            .put("member:p", &path, json!({"port": {"port_security_enabled": false, "security_groups": []}}))
            .await
            .ok();
        post(json!({"security_groups": ["3a06dfc7-d239-4aad-9a57-21cd171c72e5"]}))
            .await
            .refused(404, "SecurityGroupNotFound");
    }
}

#[tokio::test]
async fn filters_find_ports_by_what_they_have() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let subnet = cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let body = json!({"ports": [{"network_id": network, "name": "a", "device_id": "x"}, {"network_id": network, "name": "b", "admin_state_up": false}]});
        let made = cloud.post("member:p", "/v2.0/ports", body).await.ok();
        let (a, b) = (id(&made["ports"][0]), id(&made["ports"][1]));
        let mac = made["ports"][1]["mac_address"].as_str().unwrap();
        let group = made["ports"][0]["security_groups"][0].as_str().unwrap();
        let both = BTreeSet::from([a.clone(), b.clone()]);
        for (query, expected) in [
            ("device_id=x".to_owned(), BTreeSet::from([a.clone()])),
            ("admin_state_up=False".to_owned(), BTreeSet::from([b.clone()])),
            (format!("mac_address={mac}"), BTreeSet::from([b.clone()])),
            (format!("security_groups={group}"), both.clone()),
            (format!("fixed_ips=subnet_id%3D{subnet}&device_owner="), both.clone()),
            (format!("fixed_ips=ip_address%3D10.0.0.3&fixed_ips=subnet_id%3D{subnet}"), BTreeSet::from([a.clone()])),
            ("fixed_ips=ip_address_substr%3D0.0.&device_owner=".to_owned(), both.clone()),
            ("fixed_ips=ip_address_substr%3D0.0.4".to_owned(), BTreeSet::from([b.clone()])),
            (format!("id={a}&id={b}"), both.clone()),
            (format!("network_id={network}&name=a"), BTreeSet::from([a.clone()])),
            ("device_owner=network:dhcp".to_owned(), BTreeSet::new()),
        ] {
            let found: BTreeSet<String> =
                cloud.ids("member:p", &format!("/v2.0/ports?{query}")).await.into_iter().collect();
            assert_eq!(found, expected, "{query}");
        }
    }
}
