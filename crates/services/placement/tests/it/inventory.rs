use serde_json::json;
use uuid::Uuid;

use crate::cloud::Cloud;

#[tokio::test]
async fn inventories_are_written_by_generation() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 4})).await;
        let all = format!("/resource_providers/{node}/inventories");
        let shown = cloud.get(&all).await;
        let defaults = json!({"total": 4, "reserved": 0, "min_unit": 1, "max_unit": 2147483647, "step_size": 1, "allocation_ratio": 1.0});
        assert_eq!(shown.body, json!({"resource_provider_generation": 1, "inventories": {"VCPU": defaults}}));

        let one = cloud.post(&all, json!({"resource_class": "DISK_GB", "total": 100, "reserved": 10})).await;
        assert_eq!((one.status, one.body["resource_provider_generation"].as_i64()), (201, Some(2)));
        assert_eq!(one.headers["location"], format!("http://cloud.test/placement{all}/DISK_GB"));
        let again = cloud.post(&all, json!({"resource_class": "DISK_GB", "total": 1})).await;
        assert_eq!((again.status, again.code()), (409, "placement.concurrent_update"));

        let stale =
            cloud.put(&format!("{all}/DISK_GB"), json!({"resource_provider_generation": 1, "total": 200})).await;
        assert_eq!((stale.status, stale.code()), (409, "placement.concurrent_update"));
        let body = json!({"resource_provider_generation": 2, "total": 200, "allocation_ratio": 1.5});
        assert_eq!(cloud.put(&format!("{all}/DISK_GB"), body).await.body["resource_provider_generation"], 3);
        assert_eq!(cloud.get(&format!("{all}/DISK_GB")).await.body["allocation_ratio"], 1.5);
        let unknown =
            cloud.put(&format!("{all}/MEMORY_MB"), json!({"resource_provider_generation": 3, "total": 1})).await;
        assert_eq!(unknown.status, 400);
        assert_eq!(cloud.delete(&format!("{all}/DISK_GB")).await.status, 204);
        assert_eq!(cloud.delete(&format!("{all}/DISK_GB")).await.status, 404);
        assert_eq!(cloud.get(&format!("{all}/DISK_GB")).await.status, 404);
        assert_eq!(cloud.delete(&all).await.status, 204);
        assert_eq!(cloud.get(&all).await.body, json!({"resource_provider_generation": 5, "inventories": {}}));
        assert_eq!(cloud.send(Some("admin"), "1.4", "DELETE", &all, None).await.status, 405);
    }
}

#[tokio::test]
async fn nonsense_is_refused() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({})).await;
        let all = format!("/resource_providers/{node}/inventories");
        for (body, why) in [
            (json!({"resource_class": "VCPU", "total": 0}), "no total"),
            (json!({"resource_class": "VCPU", "total": 1, "reserved": 2}), "more reserved than there is"),
            (json!({"resource_class": "VCPU", "total": 1, "step_size": 0}), "no step"),
            (json!({"resource_class": "VCPU", "total": 1u64 << 31}), "too much"),
            (json!({"resource_class": "vcpu", "total": 1}), "no class"),
            (json!({"resource_class": "CUSTOM_UNKNOWN", "total": 1}), "an unknown class"),
            (json!({"total": 1}), "no class at all"),
        ] {
            assert_eq!(cloud.post(&all, body).await.status, 400, "{why}");
        }
        let whole = json!({"resource_class": "VCPU", "total": 1, "reserved": 1});
        assert_eq!(cloud.send(Some("admin"), "1.25", "POST", &all, Some(whole.clone())).await.status, 400);
        assert_eq!(cloud.post(&all, whole).await.status, 201, "all of it may be reserved since 1.26");
        let missing = format!("/resource_providers/{}/inventories", Uuid::new_v4());
        assert_eq!(cloud.get(&missing).await.status, 404);
    }
}

#[tokio::test]
async fn what_is_used_can_not_be_deleted_but_shrunk() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 4, "DISK_GB": 10})).await;
        let claim = json!({"allocations": {node.to_string(): {"resources": {"VCPU": 3}}}, "project_id": "p", "user_id": "u",
            "consumer_generation": null, "consumer_type": "INSTANCE"});
        let consumer = format!("/allocations/{}", Uuid::new_v4());
        assert_eq!(cloud.put(&consumer, claim).await.status, 204);
        let all = format!("/resource_providers/{node}/inventories");
        for refused in [cloud.delete(&all).await, cloud.delete(&format!("{all}/VCPU")).await] {
            assert_eq!((refused.status, refused.code()), (409, "placement.inventory.inuse"));
            assert!(
                refused.detail().contains(&format!("Inventory for 'VCPU' on resource provider '{node}' in use")),
                "{refused:?}"
            );
        }
        let refused = cloud.delete(&format!("/resource_providers/{node}")).await;
        assert_eq!((refused.status, refused.code()), (409, "placement.resource_provider.inuse"));
        let generation = cloud.generation(node).await;
        let shrunk = json!({"resource_provider_generation": generation, "inventories": {"VCPU": {"total": 2}}});
        assert_eq!(cloud.put(&all, shrunk).await.status, 200, "the unused DISK_GB goes, VCPU is over capacity now");
        assert_eq!(cloud.get(&format!("/resource_providers/{node}/usages")).await.body["usages"], json!({"VCPU": 3}));
        // Less of it is still allowed, though it is more than there is.
        let less = json!({"allocations": {node.to_string(): {"resources": {"VCPU": 3}}}, "project_id": "p", "user_id": "u",
            "consumer_generation": 1, "consumer_type": "INSTANCE"});
        assert_eq!(cloud.put(&consumer, less).await.status, 204);
    }
}
