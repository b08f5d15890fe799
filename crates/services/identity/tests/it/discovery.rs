use serde_json::json;

use crate::cloud::each;

#[tokio::test]
async fn clients_find_version_3() {
    let cloud = each().await.remove(0);
    let all = cloud.get("/", "").await.expect(300);
    let version = json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": "http://cloud:5555/identity/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    });
    assert_eq!(all.body, json!({"versions": {"values": [version]}}));
    for path in ["/v3", "/v3/"] {
        assert_eq!(cloud.get(path, "").await.expect(200).body, json!({"version": version}), "{path}");
    }
}

#[tokio::test]
async fn refusals_are_worded_as_clients_expect() {
    let cloud = each().await.remove(0);
    let missing = cloud.get("/v3/nothing", "").await.expect(404);
    assert_eq!(missing.body["error"]["code"], 404);
    assert_eq!(missing.body["error"]["title"], "Not Found");
    let refused = cloud.get("/v3/users", "").await.expect(401);
    assert!(refused.header("www-authenticate").is_some());
    let admin = cloud.admin().await;
    let wrong = cloud.post("/v3/users", &admin, json!({"user": {"name": 5}})).await.expect(400);
    assert!(wrong.text("/error/message").contains("user/name"), "{}", wrong.body);
}
