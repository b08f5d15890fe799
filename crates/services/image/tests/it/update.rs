use serde_json::{Value, json};

use crate::cloud::{ADMIN, Cloud, OTHER, OWNER};

const V20: &str = "application/openstack-images-v2.0-json-patch";

#[tokio::test(flavor = "multi_thread")]
async fn base_attributes_and_properties_change() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        cloud.clock.advance(std::time::Duration::from_secs(5));
        let patch = json!([
            {"op": "replace", "path": "/name", "value": "new"},
            {"op": "add", "path": "/tags", "value": ["x"]},
            {"op": "replace", "path": "/min_disk", "value": 3},
            {"op": "replace", "path": "/os_hidden", "value": true},
            {"op": "replace", "path": "/visibility", "value": "community"},
            {"op": "add", "path": "/hw_disk_bus", "value": "ide"},
            {"op": "replace", "path": "/hw_disk_bus", "value": "scsi"},
            {"op": "add", "path": "/gone", "value": "soon"},
            {"op": "remove", "path": "/gone"},
        ]);
        let answer = cloud.patch(OWNER, &id, patch).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let image = answer.json();
        assert_eq!(image, cloud.show(&id).await);
        for (key, expected) in [
            ("name", json!("new")),
            ("tags", json!(["x"])),
            ("min_disk", json!(3)),
            ("os_hidden", json!(true)),
            ("visibility", json!("community")),
            ("hw_disk_bus", json!("scsi")),
            ("gone", Value::Null),
        ] {
            assert_eq!(image[key], expected, "{key}");
        }
        assert_ne!(image["updated_at"], image["created_at"]);
        assert_eq!(
            cloud.patch(OWNER, &id, json!([{"op": "replace", "path": "/name", "value": null}])).await.json()["name"],
            Value::Null
        );
        assert_eq!(cloud.patch(OWNER, &id, json!([])).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_dialect_is_understood() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let answer = cloud
            .patch_as(OWNER, &id, V20, json!([{"replace": "/name", "value": "n"}, {"add": "/k", "value": "v"}]))
            .await;
        assert_eq!((&answer.json()["name"], &answer.json()["k"]), (&json!("n"), &json!("v")));
        for taken in ["/k", "/name"] {
            assert_eq!(cloud.patch_as(OWNER, &id, V20, json!([{"add": taken, "value": "w"}])).await.status, 409);
        }
        assert_eq!(
            cloud.patch_as(OWNER, &id, V20, json!([{"add": "/os_glance_foo", "value": "bar"}])).await.status,
            403
        );
        assert_eq!(cloud.patch_as(OWNER, &id, "application/json", json!([])).await.status, 415);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_is_applied_whole_or_not_at_all() {
    for cloud in Cloud::each().await {
        let id = cloud.active(b"x").await;
        let before = cloud.show(&id).await;
        for (operation, status) in [
            (json!({"op": "replace", "path": "/nothing", "value": "x"}), 409),
            (json!({"op": "remove", "path": "/nothing"}), 409),
            (json!({"op": "remove", "path": "/name"}), 403),
            (json!({"op": "replace", "path": "/disk_format", "value": "qcow2"}), 403),
            (json!({"op": "replace", "path": "/status", "value": "queued"}), 403),
            (json!({"op": "replace", "path": "/owner", "value": "p2"}), 403),
            (json!({"op": "replace", "path": "/visibility", "value": "public"}), 403),
            (json!({"op": "replace", "path": "/min_ram", "value": "much"}), 400),
            (json!({"op": "add", "path": "/locations/-", "value": {}}), 403),
        ] {
            let patch = json!([{"op": "replace", "path": "/name", "value": "half"}, operation]);
            let answer = cloud.patch(OWNER, &id, patch).await;
            assert_eq!(answer.status, status, "{operation}: {answer:?}");
            assert_eq!(cloud.show(&id).await, before);
        }
        assert_eq!(cloud.call(OWNER, "PATCH", &format!("/v2/images/{id}"), Some(json!({}))).await.status, 400);
        let owner = json!([{"op": "replace", "path": "/owner", "value": "p2"}, {"op": "replace", "path": "/visibility", "value": "public"}]);
        assert_eq!(cloud.patch(ADMIN, &id, owner).await.json()["owner"], "p2");
        assert_eq!(
            cloud.patch(OTHER, &id, json!([{"op": "replace", "path": "/name", "value": "mine"}])).await.status,
            200
        );
        assert_eq!(cloud.patch(OWNER, &id, json!([])).await.status, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_time_are_all_kept() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let cloud = &cloud;
        let adds = (0..8).map(|n| {
            let path = format!("/v2/images/{id}/tags/t{n}");
            async move { cloud.call(OWNER, "PUT", &path, None).await.status }
        });
        assert_eq!(futures::future::join_all(adds).await, [204; 8]);
        assert_eq!(cloud.show(&id).await["tags"].as_array().unwrap().len(), 8);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_come_and_go_one_by_one() {
    for cloud in Cloud::each_with(|options| options.image_tag_quota = 2).await {
        let id = cloud.queued().await;
        let path = |tag: &str| format!("/v2/images/{id}/tags/{tag}");
        for tag in ["a", "a", "b%20%2F"] {
            assert_eq!(cloud.call(OWNER, "PUT", &path(tag), None).await.status, 204, "{tag}");
        }
        assert_eq!(cloud.show(&id).await["tags"], json!(["a", "b /"]));
        assert_eq!(cloud.call(OWNER, "PUT", &path("c"), None).await.status, 413);
        assert_eq!(cloud.call(OWNER, "PUT", &path(&"c".repeat(256)), None).await.status, 400);
        assert_eq!(cloud.call(OWNER, "DELETE", &path("a"), None).await.status, 204);
        assert_eq!(cloud.call(OWNER, "DELETE", &path("a"), None).await.status, 404);
        let nothing = "/v2/images/11111111-2222-3333-4444-555555555555/tags/a";
        assert_eq!(cloud.call(OWNER, "PUT", nothing, None).await.status, 404);
    }
}
