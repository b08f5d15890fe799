use serde_json::json;

use crate::cloud::Cloud;

#[tokio::test]
async fn custom_traits_come_and_go() {
    for cloud in Cloud::each().await {
        assert_eq!(cloud.admin("PUT", "/traits/CUSTOM_RAID", None).await.status, 201);
        assert_eq!(cloud.admin("PUT", "/traits/CUSTOM_RAID", None).await.status, 204);
        assert_eq!(cloud.admin("PUT", "/traits/RAID", None).await.status, 400);
        assert_eq!(cloud.get("/traits/CUSTOM_RAID").await.status, 204);
        assert_eq!(cloud.get("/traits/CUSTOM_NONE").await.status, 404);
        assert_eq!(cloud.get("/traits?name=startswith:CUSTOM_").await.body, json!({"traits": ["CUSTOM_RAID"]}));
        assert_eq!(
            cloud.get("/traits?name=in:CUSTOM_RAID,HW_CPU_X86_VMX,NOPE").await.body["traits"].as_array().unwrap().len(),
            2
        );
        assert_eq!(cloud.get("/traits?name=CUSTOM_RAID").await.status, 400);
        assert_eq!(cloud.get("/traits?associated=maybe").await.status, 400);

        let node = cloud.provider("node", None, json!({})).await;
        cloud.set_traits(node, &["CUSTOM_RAID", "HW_CPU_X86_VMX"]).await;
        let of_node = format!("/resource_providers/{node}/traits");
        let shown = cloud.get(&of_node).await;
        assert_eq!(shown.body, json!({"traits": ["CUSTOM_RAID", "HW_CPU_X86_VMX"], "resource_provider_generation": 2}));
        assert_eq!(cloud.get("/traits?associated=true").await.body["traits"].as_array().unwrap().len(), 2);
        assert_eq!(cloud.delete("/traits/CUSTOM_RAID").await.status, 409, "it is in use");
        assert_eq!(cloud.delete("/traits/HW_CPU_X86_VMX").await.status, 400, "it is standard");
        // The same traits again change nothing, not even the generation.
        cloud.set_traits(node, &["HW_CPU_X86_VMX", "CUSTOM_RAID"]).await;
        assert_eq!(cloud.generation(node).await, 2);
        let stale = cloud.put(&of_node, json!({"resource_provider_generation": 1, "traits": []})).await;
        assert_eq!((stale.status, stale.code()), (409, "placement.concurrent_update"));
        assert_eq!(
            cloud.put(&of_node, json!({"resource_provider_generation": 2, "traits": ["NOPE"]})).await.status,
            400
        );
        assert_eq!(cloud.delete(&of_node).await.status, 204);
        assert_eq!(cloud.delete("/traits/CUSTOM_RAID").await.status, 204);
        assert_eq!(cloud.delete("/traits/CUSTOM_RAID").await.status, 404);
    }
}

#[tokio::test]
async fn custom_classes_come_and_go() {
    for cloud in Cloud::each().await {
        let standard = cloud.get("/resource_classes").await.body["resource_classes"].as_array().unwrap().len();
        assert_eq!(standard, 21);
        assert_eq!(cloud.post("/resource_classes", json!({"name": "CUSTOM_GPU"})).await.status, 201);
        assert_eq!(cloud.post("/resource_classes", json!({"name": "CUSTOM_GPU"})).await.status, 409);
        assert_eq!(cloud.post("/resource_classes", json!({"name": "GPU"})).await.status, 400);
        assert_eq!(cloud.admin("PUT", "/resource_classes/CUSTOM_GPU", None).await.status, 204);
        assert_eq!(cloud.admin("PUT", "/resource_classes/CUSTOM_TPU", None).await.status, 201);
        assert_eq!(cloud.admin("PUT", "/resource_classes/VCPU", None).await.status, 400);
        let shown = cloud.get("/resource_classes/CUSTOM_GPU").await.body;
        assert_eq!(
            shown,
            json!({"name": "CUSTOM_GPU", "links": [{"rel": "self", "href": "/placement/resource_classes/CUSTOM_GPU"}]})
        );

        let node = cloud.provider("node", None, json!({"CUSTOM_GPU": 2})).await;
        assert_eq!(cloud.delete("/resource_classes/CUSTOM_GPU").await.status, 409, "it is in use");
        let rename = json!({"name": "CUSTOM_FASTER"});
        assert_eq!(
            cloud.send(Some("admin"), "1.6", "PUT", "/resource_classes/VCPU", Some(rename.clone())).await.status,
            400
        );
        assert_eq!(
            cloud.send(Some("admin"), "1.6", "PUT", "/resource_classes/CUSTOM_GPU", Some(rename)).await.status,
            200
        );
        let inventories = cloud.get(&format!("/resource_providers/{node}/inventories")).await;
        assert_eq!(inventories.body["inventories"]["CUSTOM_FASTER"]["total"], 2);
        assert_eq!(cloud.get("/resource_classes/CUSTOM_GPU").await.status, 404);
        assert_eq!(cloud.delete(&format!("/resource_providers/{node}/inventories")).await.status, 204);
        assert_eq!(cloud.delete("/resource_classes/CUSTOM_FASTER").await.status, 204);
        assert_eq!(cloud.delete("/resource_classes/VCPU").await.status, 400);
        assert_eq!(cloud.delete("/resource_classes/NOPE").await.status, 404);
    }
}

#[tokio::test]
async fn aggregates_of_providers() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({})).await;
        let path = format!("/resource_providers/{node}/aggregates");
        let aggregate = "6d5b4f4e-0000-4000-8000-000000000001";
        assert_eq!(cloud.get(&path).await.body, json!({"aggregates": [], "resource_provider_generation": 1}));
        let body = json!({"aggregates": [aggregate], "resource_provider_generation": 1});
        assert_eq!(cloud.put(&path, body.clone()).await.body["resource_provider_generation"], 2);
        let stale = cloud.put(&path, body).await;
        assert_eq!((stale.status, stale.code()), (409, "placement.concurrent_update"));
        let old = cloud.send(Some("admin"), "1.18", "PUT", &path, Some(json!([]))).await;
        assert_eq!((old.status, old.body), (200, json!({"aggregates": []})));
        assert_eq!(cloud.generation(node).await, 2, "before 1.19 the generation stays");
        assert_eq!(cloud.put(&path, json!({"aggregates": ["x"], "resource_provider_generation": 2})).await.status, 400);
    }
}
