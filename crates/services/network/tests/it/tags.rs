use serde_json::json;

use crate::cloud::Cloud;

#[tokio::test]
async fn tags_are_set_found_and_taken_away() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let other = cloud.network("member:p", "m").await;
        let path = format!("/v2.0/networks/{network}/tags");
        assert_eq!(
            cloud.put("member:p", &path, json!({"tags": ["red", "blue", "red"]})).await.ok(),
            json!({"tags": ["blue", "red"]})
        );
        assert_eq!(cloud.put("member:p", &format!("{path}/green"), json!(null)).await.status, 201);
        assert_eq!(
            cloud.get("reader:p", &format!("/v2.0/networks/{network}")).await.ok()["network"]["tags"],
            json!(["blue", "green", "red"])
        );
        assert_eq!(cloud.get("reader:p", &format!("{path}/red")).await.status, 204);
        cloud.get("reader:p", &format!("{path}/black")).await.refused(404, "TagNotFound");
        cloud.put("reader:p", &path, json!({"tags": []})).await.refused(403, "PolicyNotAuthorized");
        cloud.get("reader:q", &path).await.refused(404, "NetworkNotFound");
        assert_eq!(cloud.ids("member:p", "/v2.0/networks?tags=red,blue").await, [network.as_str()]);
        assert_eq!(cloud.ids("member:p", "/v2.0/networks?not-tags=red").await, [other.as_str()]);
        assert_eq!(cloud.delete("member:p", &format!("{path}/red")).await.status, 204);
        cloud.delete("member:p", &format!("{path}/red")).await.refused(404, "TagNotFound");
        assert_eq!(cloud.delete("member:p", &path).await.status, 204);
        assert_eq!(cloud.get("member:p", &path).await.ok(), json!({"tags": []}));
    }
}
