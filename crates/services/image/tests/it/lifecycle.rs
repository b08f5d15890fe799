use serde_json::json;

use crate::cloud::{ADMIN, Cloud, OWNER, no_content};

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_offered_without_a_token() {
    for cloud in Cloud::each().await {
        for (path, status) in [("", 300), ("/", 300), ("/versions", 200)] {
            let answer = cloud.get("", path).await;
            assert_eq!(answer.status, status, "{path}");
            let versions = answer.json()["versions"].clone();
            let current: Vec<_> =
                versions.as_array().unwrap().iter().filter(|version| version["status"] == "CURRENT").collect();
            assert_eq!(current.len(), 1);
            for version in versions.as_array().unwrap() {
                assert!(version["id"].as_str().unwrap().starts_with("v2."));
                assert_eq!(version["links"][0]["href"], "http://cloud:8080/image/v2/");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_image_is_queued_and_shows_all_base_attributes() {
    for cloud in Cloud::each().await {
        let body = json!({"name": "n", "tags": ["b", "a", "b"], "ramdisk_id": "r", "min_disk": 1, "min_ram": 64});
        let answer = cloud.call(OWNER, "POST", "/v2/images", Some(body)).await;
        assert_eq!(answer.status, 201);
        let image = answer.json();
        let id = image["id"].as_str().unwrap();
        assert_eq!(answer.header("location"), format!("http://cloud:8080/image/v2/images/{id}"));
        let now = cloud.clock.now().to_iso();
        let expected = json!({
            "ramdisk_id": "r", "id": id, "name": "n", "status": "queued", "visibility": "shared", "owner": "p1",
            "protected": false, "os_hidden": false, "disk_format": null, "container_format": null, "min_disk": 1,
            "min_ram": 64, "size": null, "virtual_size": null, "checksum": null, "os_hash_algo": null,
            "os_hash_value": null, "created_at": now, "updated_at": now, "tags": ["a", "b"],
            "self": format!("/v2/images/{id}"), "file": format!("/v2/images/{id}/file"), "schema": "/v2/schemas/image",
        });
        assert_eq!(image, expected);
        assert_eq!(cloud.get("reader:p1", &format!("/v2/images/{id}")).await.json(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_not_created() {
    for cloud in Cloud::each().await {
        for (body, status) in [
            (json!({"disk_format": "wrong"}), 400),
            (json!({"container_format": "wrong"}), 400),
            (json!({"name": "x".repeat(256)}), 400),
            (json!({"min_disk": -1}), 400),
            (json!({"visibility": "hidden"}), 400),
            (json!({"id": "7"}), 400),
            (json!({"answer": 42}), 400),
            (json!({"k".repeat(256): "v"}), 400),
            (json!({"size": 5}), 403),
            (json!({"status": "active"}), 403),
            (json!({"file": "/etc/passwd"}), 403),
            (json!({"locations": []}), 403),
            (json!({"os_glance_foo": "bar"}), 403),
            (json!({"owner": "p2"}), 403),
            (json!({"visibility": "public"}), 403),
            (json!([]), 400),
        ] {
            let answer = cloud.call(OWNER, "POST", "/v2/images", Some(body.clone())).await;
            assert_eq!(answer.status, status, "{body}: {answer:?}");
        }
        assert!(cloud.ids(ADMIN, "").await.is_empty());
        let taken = cloud.create(OWNER, json!({"id": "11111111-2222-3333-4444-555555555555"})).await;
        assert_eq!(cloud.call(OWNER, "POST", "/v2/images", Some(json!({"id": taken}))).await.status, 409);
        assert_eq!(cloud.show(&cloud.create(ADMIN, json!({"owner": "p2"})).await).await["owner"], "p2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_image_is_gone_with_its_data() {
    for cloud in Cloud::each().await {
        let id = cloud.active(b"data").await;
        assert_eq!(cloud.files().len(), 1);
        let path = format!("/v2/images/{id}");
        cloud.patch(OWNER, &id, json!([{"op": "replace", "path": "/protected", "value": true}])).await;
        assert_eq!(cloud.call(OWNER, "DELETE", &path, None).await.status, 403);
        cloud.patch(OWNER, &id, json!([{"op": "replace", "path": "/protected", "value": false}])).await;
        assert!(no_content(&cloud.call(OWNER, "DELETE", &path, None).await));
        assert!(cloud.files().is_empty());
        assert_eq!(cloud.get(OWNER, &path).await.status, 404);
        assert_eq!(cloud.call(OWNER, "DELETE", &path, None).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_image_keeps_its_data_to_itself() {
    for cloud in Cloud::each().await {
        let queued = cloud.queued().await;
        assert_eq!(
            cloud.call(OWNER, "POST", &format!("/v2/images/{queued}/actions/deactivate"), None).await.status,
            403
        );
        let id = cloud.active(b"data").await;
        let (file, action) = (format!("/v2/images/{id}/file"), |verb: &str| format!("/v2/images/{id}/actions/{verb}"));
        for _ in 0..2 {
            assert!(no_content(&cloud.call(OWNER, "POST", &action("deactivate"), None).await));
            assert_eq!(cloud.show(&id).await["status"], "deactivated");
        }
        assert_eq!(cloud.get(OWNER, &file).await.status, 403);
        assert_eq!(cloud.get(ADMIN, &file).await.status, 200);
        assert!(no_content(&cloud.call(OWNER, "POST", &action("reactivate"), None).await));
        assert_eq!(cloud.get(OWNER, &file).await.body, "data");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_may_have_only_so_many_images() {
    for cloud in Cloud::each_with(|options| options.image_count_total = Some(2)).await {
        cloud.queued().await;
        cloud.queued().await;
        let answer = cloud.call(OWNER, "POST", "/v2/images", Some(json!({}))).await;
        assert_eq!(answer.status, 413);
        assert!(answer.message().contains("2 images"), "{answer:?}");
        cloud.create("member:p2", json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_and_ways_of_import_can_be_asked_for() {
    for cloud in Cloud::each().await {
        for name in ["image", "images", "member", "members"] {
            assert_eq!(cloud.get("reader:p1", &format!("/v2/schemas/{name}")).await.json()["name"], name);
        }
        assert_eq!(cloud.get("reader:p1", "/v2/schemas/nothing").await.status, 404);
        let shown = cloud.get("reader:p1", "/v2/schemas/image").await.json();
        let image = cloud.show(&cloud.queued().await).await;
        for (key, _) in image.as_object().unwrap() {
            assert!(shown["properties"].get(key).is_some(), "{key} is not in the schema");
        }
        assert_eq!(cloud.get("reader:p1", "/v2/info/import").await.json()["import-methods"]["value"], json!([]));
    }
}
