use ferrostack_http::axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cloud::Cloud;

#[tokio::test]
async fn a_provider_lives_from_its_creation_to_its_deletion() {
    for cloud in Cloud::each().await {
        let uuid = Uuid::new_v4();
        let made = cloud.post("/resource_providers", json!({"name": "node", "uuid": uuid})).await;
        assert_eq!(made.status, 200);
        assert_eq!(made.headers["location"], format!("http://cloud.test/placement/resource_providers/{uuid}"));
        assert!(made.headers["last-modified"].to_str().unwrap().ends_with(" GMT"));
        let path = format!("/resource_providers/{uuid}");
        let shown = cloud.get(&path).await;
        assert_eq!(shown.body, made.body);
        assert_eq!(shown.body["generation"], 0);
        assert_eq!(shown.body["parent_provider_uuid"], Value::Null);
        assert_eq!(shown.body["root_provider_uuid"], json!(uuid));
        let rels: Vec<&str> =
            shown.body["links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap()).collect();
        assert_eq!(rels, ["self", "inventories", "usages", "aggregates", "traits", "allocations"]);
        assert_eq!(shown.body["links"][1]["href"], format!("/placement/resource_providers/{uuid}/inventories"));

        let again = cloud.post("/resource_providers", json!({"name": "node"})).await;
        assert_eq!((again.status, again.code()), (409, "placement.duplicate_name"));
        assert_eq!(cloud.put(&path, json!({"name": "renamed"})).await.body["name"], "renamed");
        assert_eq!(
            cloud.get("/resource_providers?name=renamed").await.body["resource_providers"].as_array().unwrap().len(),
            1
        );
        assert_eq!(cloud.delete(&path).await.status, 204);
        assert_eq!(cloud.delete(&path).await.status, 404);
        assert_eq!(cloud.get(&path).await.status, 404);
        assert_eq!(cloud.get("/resource_providers").await.body, json!({"resource_providers": []}));
    }
}

#[tokio::test]
async fn older_versions_answer_as_they_did() {
    for cloud in Cloud::each().await {
        let made = cloud.send(Some("admin"), "1.19", "POST", "/resource_providers", Some(json!({"name": "old"}))).await;
        assert_eq!((made.status, made.body), (201, Value::Null));
        let listed = cloud.send(Some("admin"), "1.0", "GET", "/resource_providers", None).await;
        let provider = &listed.body["resource_providers"][0];
        assert_eq!(provider["links"].as_array().unwrap().len(), 3);
        assert!(provider.get("root_provider_uuid").is_none());
        assert!(listed.headers.get("last-modified").is_none());
        let refused = cloud
            .send(
                Some("admin"),
                "1.13",
                "GET",
                "/resource_providers?in_tree=8c1f2c0a-0000-4000-8000-000000000001",
                None,
            )
            .await;
        assert_eq!(refused.status, 400);
        assert_eq!(cloud.send(Some("admin"), "1.5", "GET", "/traits", None).await.status, 404);
    }
}

#[tokio::test]
async fn trees_move_as_a_whole_and_never_become_loops() {
    for cloud in Cloud::each().await {
        let root = cloud.provider("root", None, json!({})).await;
        let child = cloud.provider("child", Some(root), json!({})).await;
        let leaf = cloud.provider("leaf", Some(child), json!({})).await;
        let other = cloud.provider("other", None, json!({})).await;
        let path = |uuid: Uuid| format!("/resource_providers/{uuid}");
        assert_eq!(cloud.get(&path(leaf)).await.body["root_provider_uuid"], json!(root));
        let refused = cloud.delete(&path(child)).await;
        assert_eq!((refused.status, refused.code()), (409, "placement.resource_provider.cannot_delete_parent"));

        for parent in [root, child, leaf] {
            let body = json!({"name": "root", "parent_provider_uuid": parent});
            let refused = cloud.put(&path(root), body).await;
            assert_eq!(refused.status, 400, "{refused:?}");
            assert!(refused.detail().contains("loop"), "{refused:?}");
        }
        let moved = json!({"name": "child", "parent_provider_uuid": other});
        let old = cloud.send(Some("admin"), "1.36", "PUT", &path(child), Some(moved.clone())).await;
        assert_eq!(old.status, 400, "moving came with 1.37");
        assert_eq!(cloud.put(&path(child), moved).await.body["root_provider_uuid"], json!(other));
        assert_eq!(cloud.get(&path(leaf)).await.body["root_provider_uuid"], json!(other));
        let tree = cloud.get(&format!("/resource_providers?in_tree={leaf}")).await;
        assert_eq!(tree.body["resource_providers"].as_array().unwrap().len(), 3);
        let freed = cloud.put(&path(child), json!({"name": "child", "parent_provider_uuid": null})).await;
        assert_eq!(freed.body["root_provider_uuid"], json!(child));
        assert_eq!(cloud.get(&path(leaf)).await.body["root_provider_uuid"], json!(child));
    }
}

#[tokio::test]
async fn lists_are_filtered() {
    for cloud in Cloud::each().await {
        let one = cloud.provider("one", None, json!({"VCPU": 4, "DISK_GB": 100})).await;
        let two = cloud.provider("two", None, json!({"VCPU": 8})).await;
        let (red, blue) = (Uuid::new_v4(), Uuid::new_v4());
        cloud.set_aggregates(one, &[red]).await;
        cloud.set_aggregates(two, &[red, blue]).await;
        cloud.set_traits(one, &["HW_CPU_X86_VMX"]).await;
        let found = async |query: String| {
            let answer = cloud.get(&format!("/resource_providers?{query}")).await;
            let list =
                answer.body["resource_providers"].as_array().unwrap_or_else(|| panic!("{query}: {answer:?}")).clone();
            list.iter().map(|provider| provider["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("resources=VCPU:5".to_owned()).await, ["two"]);
        assert_eq!(found("resources=VCPU:1,DISK_GB:1".to_owned()).await, ["one"]);
        assert_eq!(found(format!("member_of={red}")).await, ["one", "two"]);
        assert_eq!(found(format!("member_of={red}&member_of={blue}")).await, ["two"]);
        assert_eq!(found(format!("member_of=!{blue}")).await, ["one"]);
        assert_eq!(found("required=HW_CPU_X86_VMX".to_owned()).await, ["one"]);
        assert_eq!(found("required=!HW_CPU_X86_VMX".to_owned()).await, ["two"]);
        assert_eq!(found("required=in:HW_CPU_X86_VMX,HW_CPU_X86_SSE".to_owned()).await, ["one"]);
        assert_eq!(found(format!("uuid={two}")).await, ["two"]);
        assert_eq!(found(format!("in_tree={}", Uuid::new_v4())).await, Vec::<String>::new());
        for query in
            ["colour=red", "resources=VCPU", "resources=NOPE:1", "required=NOPE", "uuid=x", "member_of=x", "required="]
        {
            assert_eq!(cloud.get(&format!("/resource_providers?{query}")).await.status, 400, "{query}");
        }
    }
}

#[tokio::test]
async fn media_types_are_checked() {
    let cloud = Cloud::each().await.remove(0);
    let request = |method: &str, name: header::HeaderName, value: &str, body: &'static str| {
        let request =
            Request::builder().method(method).uri("/placement/resource_providers").header("x-auth-token", "admin");
        request.header(name, value).header(header::CONTENT_LENGTH, body.len()).body(Body::from(body)).unwrap()
    };
    assert_eq!(cloud.raw(request("GET", header::ACCEPT, "text/plain", "")).await.status, 406);
    assert_eq!(cloud.raw(request("GET", header::ACCEPT, "text/html, */*;q=0.8", "")).await.status, 200);
    assert_eq!(cloud.raw(request("POST", header::CONTENT_TYPE, "text/plain", "hello")).await.status, 415);
    assert_eq!(cloud.raw(request("POST", header::ACCEPT, "*/*", "{}")).await.status, 400, "a body without a type");
    assert_eq!(cloud.raw(request("POST", header::CONTENT_TYPE, "application/json", "{\"name\":")).await.status, 400);
    assert_eq!(
        cloud.raw(request("POST", header::CONTENT_TYPE, "application/json", "{\"colour\": 1}")).await.status,
        400
    );
}
