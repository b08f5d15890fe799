use serde_json::{Value, json};

use crate::cloud::each;

#[tokio::test]
async fn a_role_lives_and_dies() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let made = cloud.post("/v3/roles", &admin, json!({"role": {"name": "Cook"}})).await.expect(201);
        let id = made.text("/role/id");
        let path = format!("/v3/roles/{id}");
        let expected = json!({
            "id": id, "name": "Cook", "domain_id": null, "description": null, "options": {},
            "links": {"self": format!("http://cloud:5555/identity/v3/roles/{id}")},
        });
        assert_eq!(made.body["role"], expected);
        cloud.post("/v3/roles", &admin, json!({"role": {"name": "cook"}})).await.expect(409);
        cloud.patch(&path, &admin, json!({"role": {"domain_id": "default"}})).await.expect(400);
        let changed =
            cloud.patch(&path, &admin, json!({"role": {"name": "Chef", "description": "d"}})).await.expect(200);
        assert_eq!(
            (changed.text("/role/name"), changed.text("/role/description")),
            ("Chef".to_owned(), "d".to_owned())
        );
        assert_eq!(
            cloud.get("/v3/roles?name=chef", &admin).await.expect(200).body["roles"],
            json!([changed.body["role"]])
        );
        cloud.delete(&path, &admin).await.expect(204);
        cloud.get(&path, &admin).await.expect(404);
    }
}

#[tokio::test]
async fn roles_are_given_checked_listed_and_taken_at_all_six_places() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let (user, project) = (cloud.user(&admin, "ann").await, cloud.project(&admin, "p").await);
        let group =
            cloud.post("/v3/groups", &admin, json!({"group": {"name": "g"}})).await.expect(201).text("/group/id");
        let role =
            cloud.post("/v3/roles", &admin, json!({"role": {"name": "cook"}})).await.expect(201).text("/role/id");
        for place in [
            format!("projects/{project}/users/{user}"),
            format!("projects/{project}/groups/{group}"),
            format!("domains/default/users/{user}"),
            format!("domains/default/groups/{group}"),
            format!("system/users/{user}"),
            format!("system/groups/{group}"),
        ] {
            let (all, one) = (format!("/v3/{place}/roles"), format!("/v3/{place}/roles/{role}"));
            cloud.first.call("HEAD", &one, &admin, None).await.expect(404);
            for _ in 0..2 {
                cloud.put(&one, &admin).await.expect(204);
            }
            cloud.first.call("HEAD", &one, &admin, None).await.expect(204);
            cloud.get(&one, &admin).await.expect(204);
            let list = cloud.get(&all, &admin).await.expect(200);
            assert_eq!(list.text("/roles/0/id"), role, "{place}");
            assert_eq!(list.text("/links/self"), format!("http://cloud:5555/identity/v3/{place}/roles"));
            cloud.delete(&one, &admin).await.expect(204);
            cloud.delete(&one, &admin).await.expect(404);
            assert_eq!(cloud.get(&all, &admin).await.expect(200).body["roles"], json!([]));
            cloud.put(&format!("{all}/none"), &admin).await.expect(404);
        }
        cloud.put(&format!("/v3/projects/none/users/{user}/roles/{role}"), &admin).await.expect(404);
        cloud.put(&format!("/v3/projects/{project}/users/none/roles/{role}"), &admin).await.expect(404);
    }
}

#[tokio::test]
async fn roles_imply_others() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let role = async |name: &str| {
            cloud.post("/v3/roles", &admin, json!({"role": {"name": name}})).await.expect(201).text("/role/id")
        };
        let (chef, cook, washer) = (role("chef").await, role("cook").await, role("washer").await);
        let rule = |prior: &str, implied: &str| format!("/v3/roles/{prior}/implies/{implied}");
        let made = cloud.put(&rule(&chef, &cook), &admin).await.expect(201);
        assert_eq!(made.text("/role_inference/prior_role/name"), "chef");
        assert_eq!(made.text("/role_inference/implies/id"), cook);
        assert!(made.text("/role_inference/implies/links/self").ends_with(&cook));
        cloud.put(&rule(&cook, &washer), &admin).await.expect(201);
        cloud.put(&rule(&washer, &chef), &admin).await.expect(201);
        assert_eq!(cloud.get(&rule(&chef, &cook), &admin).await.expect(200).body, made.body);
        cloud.first.call("HEAD", &rule(&chef, &cook), &admin, None).await.expect(204);
        cloud.first.call("HEAD", &rule(&cook, &chef), &admin, None).await.expect(404);
        let list = cloud.get(&format!("/v3/roles/{chef}/implies"), &admin).await.expect(200);
        let implied = list.body["role_inference"]["implies"].as_array().unwrap();
        assert_eq!(implied.len(), 1, "only its own rules: {implied:?}");
        let all = cloud.get("/v3/role_inferences", &admin).await.expect(200);
        assert_eq!(all.body["role_inferences"].as_array().unwrap().len(), 6, "three here, three of the cloud's roles");
        let boss = cloud.role(&admin, "admin").await;
        cloud.put(&rule(&chef, &boss), &admin).await.expect(403);

        let (user, project) = (cloud.user(&admin, "ann").await, cloud.project(&admin, "p").await);
        cloud.put(&format!("/v3/projects/{project}/users/{user}/roles/{cook}"), &admin).await.expect(204);
        let names = async || -> Vec<String> {
            let token = cloud.first.log_in("ann", "secret", json!({"project": {"id": project}})).await.expect(201);
            let roles = token.body["token"]["roles"].as_array().unwrap().iter();
            roles.map(|role| role["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names().await, ["cook", "washer", "chef"], "in a circle, each once");
        cloud.delete(&rule(&cook, &washer), &admin).await.expect(204);
        cloud.delete(&rule(&cook, &washer), &admin).await.expect(404);
        assert_eq!(names().await, ["cook"]);
    }
}

#[tokio::test]
async fn roles_of_a_domain_count_by_what_they_imply() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let own = json!({"role": {"name": "member", "domain_id": "default"}});
        let own = cloud.post("/v3/roles", &admin, own).await.expect(201).text("/role/id");
        let listed = cloud.get("/v3/roles?domain_id=default", &admin).await.expect(200);
        let ids: Vec<&Value> = listed.body["roles"].as_array().unwrap().iter().map(|role| &role["id"]).collect();
        assert_eq!(ids, [&json!(own)]);
        let (user, project) = (cloud.user(&admin, "ann").await, cloud.project(&admin, "p").await);
        let reader = cloud.role(&admin, "reader").await;
        cloud.put(&format!("/v3/roles/{reader}/implies/{own}"), &admin).await.expect(403);

        let other =
            cloud.post("/v3/domains", &admin, json!({"domain": {"name": "d"}})).await.expect(201).text("/domain/id");
        cloud.put(&format!("/v3/domains/{other}/users/{user}/roles/{own}"), &admin).await.expect(403);
        cloud.put(&format!("/v3/system/users/{user}/roles/{own}"), &admin).await.expect(403);
        cloud.put(&format!("/v3/projects/{project}/users/{user}/roles/{own}"), &admin).await.expect(204);
        let effective = format!("/v3/role_assignments?user.id={user}&effective");
        assert_eq!(cloud.get(&effective, &admin).await.expect(200).body["role_assignments"], json!([]));
        let scope = json!({"project": {"id": project}});
        cloud.first.log_in("ann", "secret", scope.clone()).await.expect(401);

        cloud.put(&format!("/v3/roles/{own}/implies/{reader}"), &admin).await.expect(201);
        let found = cloud.get(&effective, &admin).await.expect(200);
        assert_eq!(found.text("/role_assignments/0/role/id"), reader);
        let token = cloud.first.log_in("ann", "secret", scope).await.expect(201);
        assert_eq!(token.body["token"]["roles"], json!([{"id": reader, "name": "reader"}]));
    }
}
