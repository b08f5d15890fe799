use serde_json::json;

use crate::cloud::each;

#[tokio::test]
async fn a_domain_lives_and_dies_with_all_in_it() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let made = cloud
            .post("/v3/domains", &admin, json!({"domain": {"name": "Shop", "description": "d"}}))
            .await
            .expect(201);
        let id = made.text("/domain/id");
        let path = format!("/v3/domains/{id}");
        let expected = json!({
            "id": id, "name": "Shop", "description": "d", "enabled": true, "tags": [], "options": {},
            "links": {"self": format!("http://cloud:5555/identity/v3/domains/{id}")},
        });
        assert_eq!(made.body["domain"], expected);
        assert_eq!(cloud.get("/v3/domains?name=shop", &admin).await.expect(200).body["domains"], json!([expected]));
        cloud.post("/v3/domains", &admin, json!({"domain": {"name": "SHOP"}})).await.expect(409);
        cloud.delete(&path, &admin).await.expect(403);

        let within = |name: &str| json!({"name": name, "domain_id": id});
        let user = cloud.post("/v3/users", &admin, json!({"user": within("u")})).await.expect(201).text("/user/id");
        let group = cloud.post("/v3/groups", &admin, json!({"group": within("g")})).await.expect(201).text("/group/id");
        let top =
            cloud.post("/v3/projects", &admin, json!({"project": within("p")})).await.expect(201).text("/project/id");
        let below = json!({"name": "q", "parent_id": top, "tags": ["t"]});
        let below = cloud.post("/v3/projects", &admin, json!({"project": below})).await.expect(201).text("/project/id");
        let role = cloud.role(&admin, "member").await;
        cloud.put(&format!("/v3/groups/{group}/users/{user}"), &admin).await.expect(204);
        for place in [
            format!("projects/{below}/users/{user}"),
            format!("domains/{id}/groups/{group}"),
            format!("system/users/{user}"),
        ] {
            cloud.put(&format!("/v3/{place}/roles/{role}"), &admin).await.expect(204);
        }
        let own = json!({"role": {"name": "own", "domain_id": id}});
        let own = cloud.post("/v3/roles", &admin, own).await.expect(201).text("/role/id");

        let off = cloud.patch(&path, &admin, json!({"domain": {"enabled": false}})).await.expect(200);
        assert_eq!(off.body["domain"]["enabled"], false);
        cloud.delete(&path, &admin).await.expect(204);
        for gone in [
            path,
            format!("/v3/users/{user}"),
            format!("/v3/groups/{group}"),
            format!("/v3/projects/{below}"),
            format!("/v3/roles/{own}"),
        ] {
            cloud.get(&gone, &admin).await.expect(404);
        }
        let left = cloud.get("/v3/role_assignments", &admin).await.expect(200);
        assert_eq!(left.body["role_assignments"].as_array().unwrap().len(), 5, "those of the first users");
    }
}

#[tokio::test]
async fn ids_can_be_given_and_names_have_their_bounds() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let id = "0123456789abcdef0123456789abcdef";
        let made = cloud
            .post("/v3/domains", &admin, json!({"domain": {"name": "a", "explicit_domain_id": id}}))
            .await
            .expect(201);
        assert_eq!(made.text("/domain/id"), id);
        cloud.post("/v3/domains", &admin, json!({"domain": {"name": "b", "explicit_domain_id": id}})).await.expect(409);
        cloud
            .post("/v3/domains", &admin, json!({"domain": {"name": "c", "explicit_domain_id": "c"}}))
            .await
            .expect(400);
        cloud.post("/v3/domains", &admin, json!({"domain": {"name": ""}})).await.expect(400);
        cloud.post("/v3/domains", &admin, json!({"domain": {"name": "a".repeat(65)}})).await.expect(400);
        cloud.delete("/v3/domains/none", &admin).await.expect(404);
    }
}
