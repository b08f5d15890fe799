use serde_json::json;

use crate::cloud::each;

#[tokio::test]
async fn users_come_and_go() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let made =
            cloud.post("/v3/groups", &admin, json!({"group": {"name": "Crew", "description": "d"}})).await.expect(201);
        let group = made.text("/group/id");
        let expected = json!({
            "id": group, "name": "Crew", "domain_id": "default", "description": "d",
            "links": {"self": format!("http://cloud:5555/identity/v3/groups/{group}")},
        });
        assert_eq!(made.body["group"], expected);
        cloud.post("/v3/groups", &admin, json!({"group": {"name": "crew"}})).await.expect(409);

        let user = cloud.user(&admin, "ann").await;
        let shown = cloud.get(&format!("/v3/users/{user}"), &admin).await.expect(200).body["user"].take();
        let member = format!("/v3/groups/{group}/users/{user}");
        cloud.get(&member, &admin).await.expect(404);
        for _ in 0..2 {
            cloud.put(&member, &admin).await.expect(204);
        }
        cloud.first.call("HEAD", &member, &admin, None).await.expect(204);
        assert_eq!(
            cloud.get(&format!("/v3/groups/{group}/users"), &admin).await.expect(200).body["users"],
            json!([shown])
        );
        assert_eq!(
            cloud.get(&format!("/v3/users/{user}/groups"), &admin).await.expect(200).body["groups"],
            json!([expected])
        );
        cloud.put(&format!("/v3/groups/{group}/users/nobody"), &admin).await.expect(404);
        cloud.put(&format!("/v3/groups/none/users/{user}"), &admin).await.expect(404);
        cloud.delete(&member, &admin).await.expect(204);
        cloud.delete(&member, &admin).await.expect(404);

        let path = format!("/v3/groups/{group}");
        let changed = cloud.patch(&path, &admin, json!({"group": {"name": "Team"}})).await.expect(200);
        assert_eq!(
            (changed.text("/group/name"), changed.text("/group/description")),
            ("Team".to_owned(), "d".to_owned())
        );
        assert_eq!(cloud.get("/v3/groups?name=team", &admin).await.expect(200).text("/groups/0/id"), group);
        cloud.put(&member, &admin).await.expect(204);
        cloud.delete(&path, &admin).await.expect(204);
        cloud.get(&path, &admin).await.expect(404);
        assert_eq!(cloud.get(&format!("/v3/users/{user}/groups"), &admin).await.expect(200).body["groups"], json!([]));
    }
}
