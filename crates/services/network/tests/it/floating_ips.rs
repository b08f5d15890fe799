use serde_json::{Value, json};

use crate::{
    cloud::{Cloud, id},
    subnets::futures_all,
};

async fn create(cloud: &Cloud, mut body: Value) -> crate::api::Answer {
    body["floating_network_id"] = json!(cloud.public().await);
    cloud.post("member:p", "/v2.0/floatingips", json!({"floatingip": body})).await
}

#[tokio::test]
async fn a_floating_ip_leads_to_a_port_to_another_and_nowhere() {
    for cloud in Cloud::each().await {
        let (router, network, subnet) = cloud.routed("member:p").await;
        let (one, two) = (cloud.port("member:p", &network).await, cloud.port("member:p", &network).await);
        let made = create(&cloud, json!({"port_id": id(&one)})).await.ok()["floatingip"].clone();
        let path = format!("/v2.0/floatingips/{}", id(&made));
        assert_eq!(
            (&made["port_id"], &made["router_id"], &made["status"]),
            (&one["id"], &json!(router), &json!("ACTIVE"))
        );
        assert_eq!(made["fixed_ip_address"], one["fixed_ips"][0]["ip_address"]);
        assert_eq!(cloud.get("reader:p", &path).await.ok()["floatingip"], made);
        create(&cloud, json!({"port_id": id(&one)})).await.refused(409, "FloatingIPPortAlreadyAssociated");
        let interface = format!("/v2.0/routers/{router}/remove_router_interface");
        cloud
            .put("member:p", &interface, json!({"subnet_id": subnet}))
            .await
            .refused(409, "RouterInterfaceInUseByFloatingIP");
        let gateway = json!({"router": {"external_gateway_info": null}});
        cloud
            .put("member:p", &format!("/v2.0/routers/{router}"), gateway)
            .await
            .refused(409, "RouterExternalGatewayInUseByFloatingIp");
        let moved = cloud.put("member:p", &path, json!({"floatingip": {"port_id": id(&two)}})).await.ok();
        assert_eq!(moved["floatingip"]["fixed_ip_address"], two["fixed_ips"][0]["ip_address"]);
        let described = cloud.put("member:p", &path, json!({"floatingip": {"description": "d"}})).await.ok();
        assert_eq!(described["floatingip"]["port_id"], two["id"]);
        cloud.delete("member:p", &format!("/v2.0/ports/{}", id(&two))).await.ok();
        let lost = cloud.get("member:p", &path).await.ok()["floatingip"].clone();
        for key in ["port_id", "fixed_ip_address", "router_id"] {
            assert_eq!(lost[key], Value::Null);
        }
        assert_eq!(lost["status"], json!("DOWN"));
        assert_eq!(cloud.ids("member:p", "/v2.0/floatingips?status=DOWN&port_id=").await, [id(&made)]);
        cloud.put("member:p", &path, json!({"floatingip": {"port_id": id(&one)}})).await.ok();
        assert_eq!(
            cloud.put("member:p", &path, json!({"floatingip": {"port_id": null}})).await.ok()["floatingip"]["router_id"],
            Value::Null
        );
        cloud.delete("member:p", &path).await.ok();
        cloud.get("member:p", &path).await.refused(404, "FloatingIPNotFound");
    }
}

#[tokio::test]
async fn wrong_associations_are_refused_and_leave_nothing() {
    for cloud in Cloud::each().await {
        let (_, network, _) = cloud.routed("member:p").await;
        let port = cloud.port("member:p", &network).await;
        let lonely = cloud.network("member:p", "lonely").await;
        cloud.subnet("member:p", &lonely, "10.2.0.0/24").await;
        let unrouted = cloud.port("member:p", &lonely).await;
        create(&cloud, json!({"port_id": id(&unrouted)})).await.refused(404, "ExternalGatewayForFloatingIPNotFound");
        create(&cloud, json!({"port_id": id(&port), "fixed_ip_address": "10.1.0.77"})).await.refused(400, "BadRequest");
        create(&cloud, json!({"port_id": "3a06dfc7-d239-4aad-9a57-21cd171c72e5"})).await.refused(404, "PortNotFound");
        create(&cloud, json!({"floating_ip_address": "172.24.4.99"})).await.refused(403, "PolicyNotAuthorized");
        let inside = json!({"floatingip": {"floating_network_id": network}});
        cloud.post("member:p", "/v2.0/floatingips", inside).await.refused(400, "BadRequest");
        assert_eq!(cloud.ids("admin", "/v2.0/floatingips").await.len(), 0);
        assert_eq!(cloud.ids("admin", "/v2.0/ports?device_owner=network:floatingip").await.len(), 0);
        let fixed =
            create(&cloud, json!({"port_id": id(&port), "fixed_ip_address": port["fixed_ips"][0]["ip_address"]}))
                .await
                .ok();
        cloud
            .get("member:q", &format!("/v2.0/floatingips/{}", id(&fixed["floatingip"])))
            .await
            .refused(404, "FloatingIPNotFound");
        let chosen =
            json!({"floatingip": {"floating_network_id": cloud.public().await, "floating_ip_address": "172.24.4.99"}});
        assert_eq!(
            cloud.post("admin", "/v2.0/floatingips", chosen).await.ok()["floatingip"]["floating_ip_address"],
            json!("172.24.4.99")
        );
    }
}

#[tokio::test]
async fn two_at_once_never_lead_to_the_same_address() {
    for cloud in Cloud::each().await {
        let (_, network, _) = cloud.routed("member:p").await;
        let port = cloud.port("member:p", &network).await;
        let all = futures_all((0..6).map(|_| create(&cloud, json!({"port_id": id(&port)})))).await;
        assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(cloud.ids("admin", "/v2.0/ports?device_owner=network:floatingip").await.len(), 1);
    }
}
