use ferrostack_network::NetworkOptions;
use serde_json::json;

use crate::cloud::{Cloud, id};

#[tokio::test]
async fn limits_are_shown_changed_and_hold() {
    let mut options = NetworkOptions::default();
    options.quotas.networks = 2;
    for cloud in Cloud::each_with(options).await {
        let own = cloud.get("reader:p", "/v2.0/quotas/p").await.ok();
        assert_eq!((&own["quota"]["network"], &own["quota"]["floatingip"]), (&json!(2), &json!(50)));
        cloud.get("reader:p", "/v2.0/quotas/q").await.refused(403, "PolicyNotAuthorized");
        let networks = [cloud.network("member:p", "a").await, cloud.network("member:p", "b").await];
        let text = cloud.post("member:p", "/v2.0/networks", json!({"network": {}})).await.refused(409, "OverQuota");
        assert!(text.contains("network") && text.contains('2'), "{text}");
        let bulk = json!({"networks": [{}, {}, {}]});
        cloud.post("member:q", "/v2.0/networks", bulk).await.refused(409, "OverQuota");
        assert_eq!(cloud.ids("member:q", "/v2.0/networks").await.len(), 0);
        cloud
            .put("member:p", "/v2.0/quotas/p", json!({"quota": {"network": 9}}))
            .await
            .refused(403, "PolicyNotAuthorized");
        assert_eq!(
            cloud.put("admin", "/v2.0/quotas/p", json!({"quota": {"network": 3}})).await.ok()["quota"]["network"],
            json!(3)
        );
        cloud.network("member:p", "c").await;
        let details = cloud.get("member:p", "/v2.0/quotas/p/details").await.ok();
        assert_eq!(details["quota"]["network"], json!({"limit": 3, "used": 3, "reserved": 0}));
        assert_eq!(details["quota"]["security_group"]["used"], json!(1));
        cloud
            .put("admin", "/v2.0/quotas/p", json!({"quota": {"network": 1, "check_limit": true}}))
            .await
            .refused(400, "InvalidQuotaValue");
        assert_eq!(cloud.put("admin", "/v2.0/quotas/p", json!({"quota": {"network": -2}})).await.status, 400);
        let all = cloud.get("admin", "/v2.0/quotas").await.ok();
        assert_eq!((&all["quotas"][0]["project_id"], &all["quotas"][0]["network"]), (&json!("p"), &json!(3)));
        assert_eq!(cloud.get("admin", "/v2.0/quotas/p/default").await.ok()["quota"]["network"], json!(2));
        cloud.delete("admin", "/v2.0/quotas/p").await.ok();
        cloud.delete("admin", "/v2.0/quotas/p").await.refused(404, "TenantQuotaNotFound");
        for network in networks {
            cloud.delete("member:p", &format!("/v2.0/networks/{network}")).await.ok();
        }
        let id = id(&cloud.post("member:p", "/v2.0/networks", json!({"network": {}})).await.ok()["network"]);
        cloud.delete("member:p", &format!("/v2.0/networks/{id}")).await.ok();
    }
}
