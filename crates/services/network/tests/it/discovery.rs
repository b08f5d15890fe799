use serde_json::json;

use crate::cloud::Cloud;

#[tokio::test]
async fn versions_are_public_and_resources_are_not() {
    let cloud = Cloud::each().await.remove(0);
    let versions = cloud.get("", "/").await.ok();
    assert_eq!(
        versions["versions"],
        json!([{"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": "http://cloud:9696/network/v2.0/"}]}])
    );
    assert_eq!(cloud.get("", "/v2.0/").await.status, 401);
    let names: Vec<_> = cloud.get("reader:p", "/v2.0/").await.ok()["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["name"].clone())
        .collect();
    for name in ["network", "subnet", "port"] {
        assert!(names.contains(&json!(name)));
    }
}

#[tokio::test]
async fn each_listed_extension_can_be_shown() {
    let cloud = Cloud::each().await.remove(0);
    let all = cloud.get("reader:p", "/v2.0/extensions").await.ok();
    for extension in all["extensions"].as_array().unwrap() {
        let alias = extension["alias"].as_str().unwrap();
        let shown = cloud.get("reader:p", &format!("/v2.0/extensions/{alias}")).await.ok();
        assert_eq!(shown["extension"], *extension);
        for key in ["name", "description", "updated", "links"] {
            assert!(!extension[key].is_null(), "{alias} {key}");
        }
    }
    assert_eq!(cloud.get("reader:p", "/v2.0/extensions/telepathy").await.status, 404);
}
