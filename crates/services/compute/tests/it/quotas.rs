//! Quotas and limits.

use serde_json::{Value, json};

use crate::cloud::Cloud;

#[tokio::test]
async fn a_quota_is_never_exceeded_and_always_given_back() {
    for cloud in Cloud::each().await {
        let update = json!({"quota_set": {"instances": 2, "cores": "10"}});
        let (status, body) = cloud.call("admin", "PUT", "/os-quota-sets/demo", update).await;
        assert_eq!(
            (status, &body["quota_set"]["instances"], &body["quota_set"]["cores"]),
            (200, &json!(2), &json!(10))
        );
        let create = |count: i64| cloud.server_body(json!({"min_count": count}));
        let (status, body) = cloud.call("member:demo", "POST", "/servers", create(3)).await;
        assert_eq!(status, 403, "{body}");
        let message = body["forbidden"]["message"].as_str().unwrap();
        assert!(message.contains("instances") && message.contains('2'), "{message}");
        // Between one and five, as many as fit.
        let (status, _) =
            cloud.call("member:demo", "POST", "/servers", cloud.server_body(json!({"max_count": 5}))).await;
        assert_eq!(status, 202);
        cloud.settle().await;
        let limits = cloud.get("reader:demo", "/limits").await["limits"]["absolute"].clone();
        assert_eq!((&limits["totalInstancesUsed"], &limits["maxTotalInstances"]), (&json!(2), &json!(2)));
        assert_eq!((&limits["totalCoresUsed"], &limits["totalRAMUsed"]), (&json!(4), &json!(1024)));
        let detail = cloud.get("reader:demo", "/os-quota-sets/demo/detail").await;
        assert_eq!(detail["quota_set"]["cores"], json!({"limit": 10, "in_use": 4, "reserved": 0}));
        let low = json!({"quota_set": {"instances": 1}});
        assert_eq!(cloud.call("admin", "PUT", "/os-quota-sets/demo", low).await.0, 400);
        let forced = json!({"quota_set": {"instances": 1, "force": true}});
        assert_eq!(cloud.call("admin", "PUT", "/os-quota-sets/demo", forced).await.0, 200);
        for server in cloud.get("member:demo", "/servers").await["servers"].as_array().unwrap() {
            assert_eq!(cloud.delete(server["id"].as_str().unwrap().parse().unwrap()).await, 204);
        }
        cloud.settle().await;
        assert_eq!(cloud.get("reader:demo", "/limits").await["limits"]["absolute"]["totalInstancesUsed"], 0);
        assert_eq!(cloud.call("admin", "DELETE", "/os-quota-sets/demo", Value::Null).await.0, 202);
        assert_eq!(cloud.get("reader:demo", "/os-quota-sets/demo").await["quota_set"]["instances"], 10);
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn a_project_sees_its_own_quota_only() {
    let cloud = Cloud::new().await;
    assert_eq!(cloud.call("reader:other", "GET", "/os-quota-sets/demo", Value::Null).await.0, 403);
    assert_eq!(cloud.call("member:demo", "PUT", "/os-quota-sets/demo", json!({"quota_set": {}})).await.0, 403);
    assert_eq!(cloud.get("reader:other", "/os-quota-sets/demo/defaults").await["quota_set"]["cores"], 20);
    assert_eq!(cloud.call("reader:demo", "GET", "/limits?tenant_id=other", Value::Null).await.0, 403);
    assert_eq!(cloud.call("admin", "GET", "/limits?tenant_id=demo", Value::Null).await.0, 200);
    let broken = json!({"quota_set": {"colour": 1}});
    assert_eq!(cloud.call("admin", "PUT", "/os-quota-sets/demo", broken).await.0, 400);
}
