use serde_json::json;

use crate::cloud::{ADMIN, Cloud, OTHER, OWNER, no_content};

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_image_is_accepted_and_withdrawn() {
    for cloud in Cloud::each().await {
        let id = cloud.active(b"abc").await;
        let (image, members, member) =
            (format!("/v2/images/{id}"), format!("/v2/images/{id}/members"), format!("/v2/images/{id}/members/p2"));
        assert_eq!(cloud.get(OTHER, &image).await.status, 404);
        let made = cloud.call(OWNER, "POST", &members, Some(json!({"member": "p2"}))).await;
        assert_eq!(made.status, 200);
        let now = cloud.clock.now().to_iso();
        let expected = json!({"image_id": id, "member_id": "p2", "status": "pending", "created_at": now, "updated_at": now,
            "schema": "/v2/schemas/member"});
        assert_eq!(made.json(), expected);
        assert_eq!(cloud.call(OWNER, "POST", &members, Some(json!({"member": "p2"}))).await.status, 409);

        // Seen by its id at once, in the usual list only when accepted.
        assert_eq!(cloud.get(OTHER, &image).await.status, 200);
        assert!(cloud.ids(OTHER, "").await.is_empty());
        assert_eq!(cloud.ids(OTHER, "?visibility=shared&member_status=pending").await, [id.as_str()]);
        let accept = Some(json!({"status": "accepted"}));
        assert_eq!(cloud.call(OWNER, "PUT", &member, accept.clone()).await.status, 403);
        assert_eq!(cloud.call(OTHER, "PUT", &member, Some(json!({"status": "perhaps"}))).await.status, 400);
        assert_eq!(cloud.call("reader:p2", "PUT", &member, accept.clone()).await.status, 403);
        let accepted = cloud.call(OTHER, "PUT", &member, accept).await;
        assert_eq!((accepted.status, &accepted.json()["status"]), (200, &json!("accepted")));
        assert_eq!(cloud.ids(OTHER, "").await, [id.as_str()]);
        assert_eq!(cloud.get(OTHER, &format!("{image}/file")).await.body, "abc");
        assert_eq!(
            cloud.patch(OTHER, &id, json!([{"op": "replace", "path": "/name", "value": "x"}])).await.status,
            403
        );
        cloud.call(OTHER, "PUT", &member, Some(json!({"status": "rejected"}))).await;
        assert!(cloud.ids(OTHER, "").await.is_empty());
        assert_eq!(cloud.ids(OTHER, "?member_status=all").await, [id.as_str()]);

        assert_eq!(cloud.call(OTHER, "DELETE", &member, None).await.status, 403);
        assert!(no_content(&cloud.call(OWNER, "DELETE", &member, None).await));
        assert_eq!(cloud.call(OWNER, "DELETE", &member, None).await.status, 404);
        assert_eq!(cloud.get(OTHER, &image).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_knows_only_of_itself() {
    for cloud in Cloud::each_with(|options| options.image_member_quota = 2).await {
        let id = cloud.queued().await;
        let members = format!("/v2/images/{id}/members");
        for (project, status) in [("p2", 200), ("p3", 200), ("p4", 413)] {
            assert_eq!(cloud.call(OWNER, "POST", &members, Some(json!({"member": project}))).await.status, status);
        }
        let known = |token: &'static str| async {
            let list = cloud.get(token, &members).await.json();
            list["members"]
                .as_array()
                .unwrap()
                .iter()
                .map(|member| member["member_id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(known("reader:p1").await, ["p2", "p3"]);
        assert_eq!(known(ADMIN).await, ["p2", "p3"]);
        assert_eq!(known(OTHER).await, ["p2"]);
        assert_eq!(cloud.get(OTHER, &format!("{members}/p2")).await.status, 200);
        assert_eq!(cloud.get(OTHER, &format!("{members}/p3")).await.status, 404);
        assert_eq!(cloud.get("member:p4", &members).await.status, 404);
        assert_eq!(
            cloud.call(OTHER, "PUT", &format!("{members}/p3"), Some(json!({"status": "accepted"}))).await.status,
            404
        );
        assert_eq!(cloud.get(OWNER, &format!("{members}/p9")).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_shared_images_have_members() {
    for cloud in Cloud::each().await {
        let id = cloud.create(OWNER, json!({"visibility": "private"})).await;
        let members = format!("/v2/images/{id}/members");
        assert_eq!(cloud.call(OWNER, "POST", &members, Some(json!({"member": "p2"}))).await.status, 403);
        assert_eq!(cloud.get(OWNER, &members).await.status, 403);
        assert_eq!(cloud.call(OWNER, "POST", &members, Some(json!({}))).await.status, 400);
    }
}
