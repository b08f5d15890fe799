use serde_json::json;

use crate::cloud::{Cloud, id};

#[tokio::test]
async fn a_network_is_made_shown_changed_and_deleted() {
    for cloud in Cloud::each().await {
        let made = cloud
            .post("member:p", "/v2.0/networks", json!({"network": {"name": "blue", "admin_state_up": "False"}}))
            .await;
        assert_eq!(made.status, 201);
        let network = made.body["network"].clone();
        let path = format!("/v2.0/networks/{}", id(&network));
        for (key, value) in [
            ("name", json!("blue")),
            ("admin_state_up", json!(false)),
            ("status", json!("ACTIVE")),
            ("shared", json!(false)),
            ("router:external", json!(false)),
            ("subnets", json!([])),
            ("mtu", json!(1442)),
            ("tenant_id", json!("p")),
            ("project_id", json!("p")),
            ("revision_number", json!(1)),
            ("port_security_enabled", json!(true)),
            ("tags", json!([])),
        ] {
            assert_eq!(network[key], value, "{key}");
        }
        assert!(network.get("provider:network_type").is_none());
        assert_eq!(cloud.get("member:p", &path).await.ok()["network"], network);
        let changed = cloud.put("member:p", &path, json!({"network": {"name": "green", "mtu": 1400}})).await.ok();
        assert_eq!((&changed["network"]["name"], &changed["network"]["mtu"]), (&json!("green"), &json!(1400)));
        assert_eq!(changed["network"]["revision_number"], json!(2));
        let seen = cloud.get("admin", &path).await.ok();
        assert_eq!(seen["network"]["provider:network_type"], json!("geneve"));
        assert!(seen["network"]["provider:segmentation_id"].as_i64().unwrap() > 0);
        assert_eq!(cloud.delete("member:p", &path).await.status, 204);
        let text = cloud.get("member:p", &path).await.refused(404, "NetworkNotFound");
        assert!(text.contains(&id(&network)));
    }
}

#[tokio::test]
async fn others_see_only_what_is_shared_or_external() {
    for cloud in Cloud::each().await {
        let own = cloud.network("member:p", "own").await;
        let shared = id(&cloud
            .post("admin", "/v2.0/networks", json!({"network": {"name": "s", "shared": true}}))
            .await
            .ok()["network"]);
        let public = cloud.public().await;
        assert_eq!(cloud.public().await, public);
        let mut seen = cloud.ids("reader:q", "/v2.0/networks").await;
        seen.sort();
        let mut expected = [shared.clone(), public.clone()];
        expected.sort();
        assert_eq!(seen, expected);
        assert_eq!(cloud.ids("reader:q", "/v2.0/networks?router:external=True").await, [public.as_str()]);
        assert_eq!(cloud.ids("admin", "/v2.0/networks").await.len(), 3);
        cloud.get("member:q", &format!("/v2.0/networks/{own}")).await.refused(404, "NetworkNotFound");
        cloud
            .put("member:q", &format!("/v2.0/networks/{shared}"), json!({"network": {"name": "x"}}))
            .await
            .refused(403, "PolicyNotAuthorized");
        cloud.delete("member:q", &format!("/v2.0/networks/{own}")).await.refused(404, "NetworkNotFound");
        for body in [
            json!({"shared": true}),
            json!({"router:external": true}),
            json!({"provider:network_type": "flat", "provider:physical_network": "public"}),
            json!({"project_id": "q"}),
        ] {
            assert_eq!(cloud.post("member:p", "/v2.0/networks", json!({"network": body})).await.status, 403, "{body}");
        }
        cloud.post("member:p", "/v2.0/networks", json!({"network": {"shared": false}})).await.ok();
    }
}

#[tokio::test]
async fn bulk_creation_makes_all_or_none() {
    for cloud in Cloud::each().await {
        let body = json!({"networks": [{"name": "a"}, {"name": "b"}]});
        let made = cloud.post("member:p", "/v2.0/networks", body).await.ok();
        assert_eq!(made["networks"].as_array().unwrap().len(), 2);
        let bad = json!({"networks": [{"name": "c"}, {"name": "d", "mtu": 99_999}]});
        cloud.post("member:p", "/v2.0/networks", bad).await.refused(400, "InvalidInput");
        assert_eq!(cloud.ids("member:p", "/v2.0/networks").await.len(), 2);
        assert_eq!(cloud.post("member:p", "/v2.0/networks", json!({"networks": []})).await.status, 400);
        assert_eq!(cloud.post("member:p", "/v2.0/networks", json!({"network": {"colour": "red"}})).await.status, 400);
    }
}

#[tokio::test]
async fn lists_have_fields_filters_and_pages() {
    for cloud in Cloud::each().await {
        for name in ["c", "a", "b"] {
            cloud.network("member:p", name).await;
        }
        let body = cloud
            .get("member:p", "/v2.0/networks?fields=id&fields=name&name=a&name=b&sort_key=name&sort_dir=desc")
            .await
            .ok();
        let names: Vec<_> = body["networks"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(body["networks"][0].as_object().unwrap().len(), 2);
        let first = cloud.get("member:p", "/v2.0/networks?limit=2&sort_key=name").await.ok();
        let next = first["networks_links"][0]["href"].as_str().unwrap().to_owned();
        assert!(next.starts_with("http://cloud:9696/network/v2.0/networks?"), "{next}");
        let rest = cloud.get("member:p", next.strip_prefix("http://cloud:9696/network").unwrap()).await.ok();
        assert_eq!(rest["networks"][0]["name"], json!("c"));
        assert_eq!(rest["networks_links"][0]["rel"], json!("previous"));
        let back = rest["networks_links"][0]["href"].as_str().unwrap().to_owned();
        let back = cloud.get("member:p", back.strip_prefix("http://cloud:9696/network").unwrap()).await.ok();
        assert_eq!(back["networks"], first["networks"]);
        cloud.get("member:p", "/v2.0/networks?colour=red").await.refused(400, "HTTPBadRequest");
    }
}

#[tokio::test]
async fn provider_networks_take_their_segment_once() {
    for cloud in Cloud::each().await {
        let vlan = |tag: i64| json!({"network": {"provider:network_type": "vlan", "provider:physical_network": "public", "provider:segmentation_id": tag}});
        let made = cloud.post("admin", "/v2.0/networks", vlan(7)).await.ok();
        assert_eq!(made["network"]["provider:segmentation_id"], json!(7));
        assert_eq!(made["network"]["mtu"], json!(1500));
        cloud.post("admin", "/v2.0/networks", vlan(7)).await.refused(409, "VlanIdInUse");
        cloud.delete("admin", &format!("/v2.0/networks/{}", id(&made["network"]))).await.ok();
        cloud.post("admin", "/v2.0/networks", vlan(7)).await.ok();
        cloud.public().await;
        let flat = json!({"network": {"provider:network_type": "flat", "provider:physical_network": "public"}});
        cloud.post("admin", "/v2.0/networks", flat).await.refused(409, "FlatNetworkInUse");
    }
}

#[tokio::test]
async fn a_network_with_ports_stays_and_one_without_goes_with_its_subnets() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let subnet = cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let port = cloud.port("member:p", &network).await;
        let path = format!("/v2.0/networks/{network}");
        let text = cloud.delete("member:p", &path).await.refused(409, "NetworkInUse");
        assert!(text.contains("There are one or more ports still in use on the network"), "{text}");
        assert_eq!(cloud.get("member:p", &path).await.ok()["network"]["subnets"], json!([subnet]));
        cloud.delete("member:p", &format!("/v2.0/ports/{}", id(&port))).await.ok();
        cloud.delete("member:p", &path).await.ok();
        cloud.get("member:p", &format!("/v2.0/subnets/{subnet}")).await.refused(404, "SubnetNotFound");
    }
}
