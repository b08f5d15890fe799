use serde_json::{Value, json};
use uuid::Uuid;

use crate::cloud::{Answer, Cloud};

async fn reshape(cloud: &Cloud, body: Value) -> Answer {
    cloud.send(Some("service"), "1.39", "POST", "/reshaper", Some(body)).await
}

#[tokio::test]
async fn inventory_moves_to_a_child_with_its_allocations() {
    for cloud in Cloud::each().await {
        let root = cloud.provider("root", None, json!({"VCPU": 4, "VGPU": 2})).await;
        let child = cloud.provider("child", Some(root), json!({})).await;
        let server = Uuid::new_v4();
        let owner = |allocations: Value, generation: Value| json!({"allocations": allocations, "project_id": "p", "user_id": "u", "consumer_generation": generation, "consumer_type": "INSTANCE"});
        let before = owner(json!({root.to_string(): {"resources": {"VCPU": 1, "VGPU": 2}}}), Value::Null);
        assert_eq!(cloud.put(&format!("/allocations/{server}"), before).await.status, 204);

        let inventories = |root_generation: i64| {
            json!({root.to_string(): {"resource_provider_generation": root_generation, "inventories": {"VCPU": {"total": 4}}},
                child.to_string(): {"resource_provider_generation": 1, "inventories": {"VGPU": {"total": 2}}}})
        };
        let after = json!({server.to_string(): owner(
            json!({root.to_string(): {"resources": {"VCPU": 1}}, child.to_string(): {"resources": {"VGPU": 2}}}), json!(1))});
        let in_use = reshape(&cloud, json!({"inventories": inventories(2), "allocations": {}})).await;
        assert_eq!((in_use.status, in_use.code()), (409, "placement.inventory.inuse"));
        let stale = reshape(&cloud, json!({"inventories": inventories(1), "allocations": after})).await;
        assert_eq!((stale.status, stale.code()), (409, "placement.concurrent_update"));
        assert_eq!(cloud.used(root, "VGPU").await, 2, "refusals change nothing");

        let done = reshape(&cloud, json!({"inventories": inventories(2), "allocations": after})).await;
        assert_eq!(done.status, 204, "{done:?}");
        assert_eq!(cloud.used(child, "VGPU").await, 2);
        assert_eq!(cloud.get(&format!("/resource_providers/{root}/usages")).await.body["usages"], json!({"VCPU": 1}));
        // Raised by the new inventories, by the allocations and by the final state.
        assert_eq!((cloud.generation(root).await, cloud.generation(child).await), (5, 4));

        let nowhere = json!({Uuid::new_v4().to_string(): {"resource_provider_generation": 0, "inventories": {}}});
        let missing = reshape(&cloud, json!({"inventories": nowhere, "allocations": {}})).await;
        assert_eq!((missing.status, missing.code()), (400, "placement.resource_provider.not_found"));
    }
}
