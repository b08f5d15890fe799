use serde_json::{Value, json};

use crate::{
    cloud::{Cloud, id},
    subnets::futures_all,
};

#[tokio::test]
async fn each_project_has_one_default_group_from_its_first_use() {
    for cloud in Cloud::each().await {
        let all = futures_all((0..6).map(|_| cloud.get("reader:p", "/v2.0/security-groups"))).await;
        for answer in all {
            assert_eq!(answer.ok()["security_groups"].as_array().unwrap().len(), 1);
        }
        let group = cloud.get("reader:p", "/v2.0/security-groups").await.ok()["security_groups"][0].clone();
        assert_eq!((&group["name"], &group["stateful"]), (&json!("default"), &json!(true)));
        let rules = group["security_group_rules"].as_array().unwrap();
        let mut kinds: Vec<_> = rules
            .iter()
            .map(|rule| format!("{} {}", rule["direction"].as_str().unwrap(), rule["ethertype"].as_str().unwrap()))
            .collect();
        kinds.sort();
        assert_eq!(kinds, ["egress IPv4", "egress IPv6", "ingress IPv4", "ingress IPv6"]);
        let from_members = rules
            .iter()
            .filter(|rule| rule["direction"] == "ingress")
            .all(|rule| rule["remote_group_id"] == group["id"]);
        assert!(from_members);
        let path = format!("/v2.0/security-groups/{}", id(&group));
        cloud.delete("member:p", &path).await.refused(409, "SecurityGroupCannotRemoveDefault");
        cloud
            .put("member:p", &path, json!({"security_group": {"name": "mine"}}))
            .await
            .refused(409, "SecurityGroupCannotUpdateDefault");
        cloud
            .post("member:p", "/v2.0/security-groups", json!({"security_group": {"name": "default"}}))
            .await
            .refused(409, "SecurityGroupDefaultAlreadyExists");
        cloud.delete("admin", &path).await.ok();
        assert_eq!(cloud.ids("reader:p", "/v2.0/security-groups").await.len(), 1);
        assert_ne!(cloud.ids("reader:p", "/v2.0/security-groups").await, [id(&group)]);
    }
}

#[tokio::test]
async fn a_group_in_use_stays_and_takes_rules_that_name_it_along() {
    for cloud in Cloud::each().await {
        let create = |name: &'static str| {
            cloud.post(
                "member:p",
                "/v2.0/security-groups",
                json!({"security_group": {"name": name, "description": "d"}}),
            )
        };
        let (web, db) =
            (create("web").await.ok()["security_group"].clone(), create("db").await.ok()["security_group"].clone());
        assert_eq!(web["security_group_rules"].as_array().unwrap().len(), 2);
        let rule = json!({"security_group_rule": {"security_group_id": id(&db), "direction": "ingress", "protocol": "tcp", "port_range_min": 3306, "port_range_max": 3306, "remote_group_id": id(&web)}});
        let rule = cloud.post("member:p", "/v2.0/security-group-rules", rule).await.ok()["security_group_rule"].clone();
        let network = cloud.network("member:p", "n").await;
        let port = json!({"port": {"network_id": network, "security_groups": [id(&web)]}});
        let port = cloud.post("member:p", "/v2.0/ports", port).await.ok()["port"].clone();
        let path = format!("/v2.0/security-groups/{}", id(&web));
        cloud.delete("member:p", &path).await.refused(409, "SecurityGroupInUse");
        cloud
            .put("member:p", &path, json!({"security_group": {"stateful": false}}))
            .await
            .refused(409, "SecurityGroupInUse");
        cloud.delete("member:p", &format!("/v2.0/ports/{}", id(&port))).await.ok();
        let changed =
            cloud.put("member:p", &path, json!({"security_group": {"name": "www", "stateful": false}})).await.ok();
        assert_eq!(
            (&changed["security_group"]["name"], &changed["security_group"]["stateful"]),
            (&json!("www"), &json!(false))
        );
        cloud.delete("member:p", &path).await.ok();
        cloud
            .get("member:p", &format!("/v2.0/security-group-rules/{}", id(&rule)))
            .await
            .refused(404, "SecurityGroupRuleNotFound");
        cloud.get("member:p", &path).await.refused(404, "SecurityGroupNotFound");
    }
}

#[tokio::test]
async fn rules_are_checked_and_stand_once() {
    for cloud in Cloud::each().await {
        let group =
            cloud.post("member:p", "/v2.0/security-groups", json!({"security_group": {"name": "g"}})).await.ok();
        let group = id(&group["security_group"]);
        let create = |mut rule: Value| {
            rule["security_group_id"] = json!(group);
            cloud.post("member:p", "/v2.0/security-group-rules", json!({"security_group_rule": rule}))
        };
        let made = create(json!({"direction": "ingress", "protocol": "tcp", "port_range_min": "22", "port_range_max": 22, "remote_ip_prefix": "10.0.0.5/8"})).await.ok();
        let rule = &made["security_group_rule"];
        assert_eq!(
            (&rule["port_range_min"], &rule["remote_ip_prefix"], &rule["normalized_cidr"]),
            (&json!(22), &json!("10.0.0.5/8"), &json!("10.0.0.0/8"))
        );
        assert_eq!(
            cloud.get("member:p", &format!("/v2.0/security-group-rules/{}", id(rule))).await.ok()["security_group_rule"],
            *rule
        );
        for (body, status, kind) in [
            (
                json!({"direction": "ingress", "protocol": 6, "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "10.0.0.0/8"}),
                409,
                "SecurityGroupRuleExists",
            ),
            (json!({"direction": "egress"}), 409, "SecurityGroupRuleExists"),
            (json!({"direction": "sideways"}), 400, "InvalidInput"),
            (json!({"direction": "ingress", "ethertype": "IPv5"}), 400, "SecurityGroupRuleInvalidEtherType"),
            (json!({"direction": "ingress", "protocol": "smoke"}), 400, "SecurityGroupRuleInvalidProtocol"),
            (
                json!({"direction": "ingress", "port_range_min": 1, "port_range_max": 2}),
                400,
                "SecurityGroupProtocolRequiredWithPorts",
            ),
            (
                json!({"direction": "ingress", "remote_ip_prefix": "2001:db8::/32"}),
                400,
                "SecurityGroupRuleParameterConflict",
            ),
            (
                json!({"direction": "ingress", "remote_ip_prefix": "10.0.0.0/8", "remote_group_id": group}),
                400,
                "SecurityGroupMultipleRemoteEntites",
            ),
            (
                json!({"direction": "ingress", "remote_group_id": "3a06dfc7-d239-4aad-9a57-21cd171c72e5"}),
                404,
                "SecurityGroupNotFound",
            ),
        ] {
            let text = body.to_string();
            let answer = create(body).await;
            assert_eq!(
                (answer.status, answer.body["NeutronError"]["type"].as_str().unwrap()),
                (status, kind),
                "{text}: {}",
                answer.body
            );
        }
        let same = json!({"direction": "ingress", "protocol": "udp", "port_range_min": 53, "port_range_max": 53});
        let all = futures_all((0..4).map(|_| create(same.clone()))).await;
        assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1);
        cloud.delete("member:p", &format!("/v2.0/security-group-rules/{}", id(rule))).await.ok();
        assert_eq!(
            cloud
                .ids("member:p", &format!("/v2.0/security-group-rules?security_group_id={group}&protocol=udp"))
                .await
                .len(),
            1
        );
    }
}
