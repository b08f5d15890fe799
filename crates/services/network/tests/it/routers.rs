use serde_json::{Value, json};

use crate::cloud::{Cloud, id};

#[tokio::test]
async fn a_router_is_made_with_a_gateway_shown_changed_and_deleted() {
    for cloud in Cloud::each().await {
        let public = cloud.public().await;
        let body =
            json!({"router": {"name": "r", "admin_state_up": false, "external_gateway_info": {"network_id": public}}});
        let router = cloud.post("member:p", "/v2.0/routers", body).await.ok()["router"].clone();
        assert_eq!(router["external_gateway_info"]["network_id"], json!(public));
        assert_eq!(router["external_gateway_info"]["enable_snat"], json!(true));
        assert_eq!(router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"], json!("172.24.4.2"));
        assert_eq!((&router["admin_state_up"], &router["routes"]), (&json!(false), &json!([])));
        let path = format!("/v2.0/routers/{}", id(&router));
        assert_eq!(cloud.get("reader:p", &path).await.ok()["router"], router);
        let gateway =
            cloud.get("admin", &format!("/v2.0/ports?device_id={}", id(&router))).await.ok()["ports"][0].clone();
        assert_eq!((&gateway["device_owner"], &gateway["project_id"]), (&json!("network:router_gateway"), &json!("")));
        cloud.delete("admin", &format!("/v2.0/ports/{}", id(&gateway))).await.refused(409, "ServicePortInUse");
        assert_eq!(cloud.ids("member:p", &format!("/v2.0/ports?device_id={}", id(&router))).await.len(), 0);
        let cleared =
            cloud.put("member:p", &path, json!({"router": {"name": "s", "external_gateway_info": {}}})).await.ok();
        assert_eq!(
            (&cleared["router"]["name"], &cleared["router"]["external_gateway_info"]),
            (&json!("s"), &Value::Null)
        );
        let private = cloud.network("member:p", "n").await;
        cloud
            .put("member:p", &path, json!({"router": {"external_gateway_info": {"network_id": private}}}))
            .await
            .refused(400, "BadRequest");
        let snat = json!({"router": {"external_gateway_info": {"network_id": public, "enable_snat": false}}});
        cloud.put("member:p", &path, snat.clone()).await.refused(403, "PolicyNotAuthorized");
        assert_eq!(
            cloud.put("admin", &path, snat).await.ok()["router"]["external_gateway_info"]["enable_snat"],
            json!(false)
        );
        cloud.delete("member:p", &path).await.ok();
        cloud.get("member:p", &path).await.refused(404, "RouterNotFound");
        assert_eq!(cloud.ids("admin", "/v2.0/ports").await.len(), 0);
    }
}

#[tokio::test]
async fn interfaces_are_added_by_subnet_and_by_port_and_removed() {
    for cloud in Cloud::each().await {
        let (router, network, subnet) = cloud.routed("member:p").await;
        let path = |what: &str| format!("/v2.0/routers/{router}/{what}");
        let ports = cloud.get("member:p", &format!("/v2.0/ports?device_id={router}")).await.ok();
        let port = &ports["ports"][0];
        assert_eq!(port["device_owner"], json!("network:router_interface"));
        assert_eq!(port["fixed_ips"], json!([{"subnet_id": subnet, "ip_address": "10.1.0.1"}]));
        cloud
            .put("member:p", &path("add_router_interface"), json!({"subnet_id": subnet}))
            .await
            .refused(400, "BadRequest");
        cloud.delete("member:p", &format!("/v2.0/routers/{router}")).await.refused(409, "RouterInUse");
        cloud.delete("member:p", &format!("/v2.0/ports/{}", id(port))).await.refused(409, "ServicePortInUse");

        let other = cloud.network("member:p", "other").await;
        cloud.subnet("member:p", &other, "10.1.0.0/25").await;
        let overlapping = cloud.port("member:p", &other).await;
        cloud
            .put("member:p", &path("add_router_interface"), json!({"port_id": id(&overlapping)}))
            .await
            .refused(400, "BadRequest");
        let third = cloud.network("member:p", "third").await;
        let third_subnet = cloud.subnet("member:p", &third, "10.3.0.0/24").await;
        let by_port = cloud.port("member:p", &third).await;
        let added = cloud.put("member:p", &path("add_router_interface"), json!({"port_id": id(&by_port)})).await.ok();
        assert_eq!((&added["port_id"], &added["subnet_id"]), (&by_port["id"], &json!(third_subnet)));
        let shown = cloud.get("member:p", &format!("/v2.0/ports/{}", id(&by_port))).await.ok();
        assert_eq!((&shown["port"]["device_id"], &shown["port"]["security_groups"]), (&json!(router), &json!([])));
        cloud
            .put("member:p", &path("add_router_interface"), json!({"port_id": id(&by_port)}))
            .await
            .refused(409, "PortInUse");
        cloud.put("member:p", &path("remove_router_interface"), json!({"port_id": id(&by_port)})).await.ok();
        cloud.get("member:p", &format!("/v2.0/ports/{}", id(&by_port))).await.refused(404, "PortNotFound");
        cloud
            .put("member:p", &path("remove_router_interface"), json!({"port_id": id(&by_port)}))
            .await
            .refused(404, "RouterInterfaceNotFound");
        cloud
            .put("member:p", &path("remove_router_interface"), json!({"subnet_id": third_subnet}))
            .await
            .refused(404, "RouterInterfaceNotFoundForSubnet");
        let removed = cloud.put("member:p", &path("remove_router_interface"), json!({"subnet_id": subnet})).await.ok();
        assert_eq!(
            (&removed["id"], &removed["network_id"], &removed["tenant_id"]),
            (&json!(router), &json!(network), &json!("p"))
        );
        cloud.delete("member:p", &format!("/v2.0/routers/{router}")).await.ok();
    }
}

#[tokio::test]
async fn ipv6_subnets_of_one_network_share_an_interface() {
    for cloud in Cloud::each().await {
        let (router, network, _) = cloud.routed("member:p").await;
        let path = |what: &str| format!("/v2.0/routers/{router}/{what}");
        let first = cloud.subnet("member:p", &network, "2001:db8:1::/64").await;
        let second = cloud.subnet("member:p", &network, "2001:db8:2::/64").await;
        let one = cloud.put("member:p", &path("add_router_interface"), json!({"subnet_id": first})).await.ok();
        let two = cloud.put("member:p", &path("add_router_interface"), json!({"subnet_id": second})).await.ok();
        assert_eq!(one["port_id"], two["port_id"]);
        assert_eq!(two["subnet_ids"], json!([first, second]));
        cloud.put("member:p", &path("remove_router_interface"), json!({"subnet_id": first})).await.ok();
        let port = cloud.get("member:p", &format!("/v2.0/ports/{}", two["port_id"].as_str().unwrap())).await.ok();
        assert_eq!(port["port"]["fixed_ips"], json!([{"subnet_id": second, "ip_address": "2001:db8:2::1"}]));
    }
}

#[tokio::test]
async fn routes_lead_to_connected_hops() {
    for cloud in Cloud::each().await {
        let (router, _, subnet) = cloud.routed("member:p").await;
        let path = format!("/v2.0/routers/{router}");
        let route = |nexthop: &str| json!({"router": {"routes": [{"destination": "10.9.0.0/16", "nexthop": nexthop}]}});
        cloud.put("member:p", &path, route("10.8.0.1")).await.refused(400, "InvalidRoutes");
        cloud.put("member:p", &path, route("10.1.0.1")).await.refused(400, "InvalidRoutes");
        let routed = cloud.put("member:p", &path, route("10.1.0.9")).await.ok();
        assert_eq!(routed["router"]["routes"], json!([{"destination": "10.9.0.0/16", "nexthop": "10.1.0.9"}]));
        let remove = format!("{path}/remove_router_interface");
        cloud.put("member:p", &remove, json!({"subnet_id": subnet})).await.refused(409, "RouterInterfaceInUseByRoute");
        let more = json!({"router": {"routes": [{"destination": "10.10.0.0/16", "nexthop": "10.1.0.9"}]}});
        assert_eq!(
            cloud.put("member:p", &format!("{path}/add_extraroutes"), more.clone()).await.ok()["router"]["routes"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            cloud.put("member:p", &format!("{path}/remove_extraroutes"), more).await.ok()["router"]["routes"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            cloud.put("member:p", &path, json!({"router": {"routes": null}})).await.ok()["router"]["routes"],
            json!([])
        );
        cloud.put("member:p", &remove, json!({"subnet_id": subnet})).await.ok();
    }
}
