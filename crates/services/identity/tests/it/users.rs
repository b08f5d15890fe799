use serde_json::{Value, json};

use crate::cloud::each;

#[tokio::test]
async fn a_user_lives_and_dies() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let wanted = json!({"name": "Ann", "password": "secret", "email": "ann@example.org", "description": "d", "tenantId": "t"});
        let made = cloud.post("/v3/users", &admin, json!({"user": wanted})).await.expect(201);
        let id = made.text("/user/id");
        let path = format!("/v3/users/{id}");
        let expected = json!({
            "id": id, "name": "Ann", "domain_id": "default", "enabled": true, "password_expires_at": null, "options": {},
            "links": {"self": format!("http://cloud:5555/identity/v3/users/{id}")},
            "email": "ann@example.org", "description": "d", "tenantId": "t",
        });
        assert_eq!(made.body["user"], expected, "without its password");
        assert_eq!(cloud.get(&path, &admin).await.expect(200).body["user"], expected);

        let change = json!({"name": "Bea", "email": null, "colour": "red", "options": {"lock_password": true}});
        let changed = cloud.patch(&path, &admin, json!({"user": change})).await.expect(200).body["user"].take();
        assert_eq!(cloud.get(&path, &admin).await.expect(200).body["user"], changed);
        assert_eq!(
            (&changed["name"], &changed["email"], &changed["colour"]),
            (&json!("Bea"), &Value::Null, &json!("red"))
        );
        assert_eq!((&changed["description"], &changed["options"]), (&json!("d"), &json!({"lock_password": true})));
        cloud.first.log_in("bea", "secret", json!(null)).await.expect(201);

        cloud.delete(&path, &admin).await.expect(204);
        cloud.get(&path, &admin).await.expect(404);
        cloud.delete(&path, &admin).await.expect(404);
        cloud.patch(&path, &admin, json!({"user": {"name": "x"}})).await.expect(404);
    }
}

#[tokio::test]
async fn names_are_unique_in_a_domain_whatever_their_case() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let domain = cloud
            .post("/v3/domains", &admin, json!({"domain": {"name": "other"}}))
            .await
            .expect(201)
            .text("/domain/id");
        let user = cloud.user(&admin, "Ann").await;
        cloud.post("/v3/users", &admin, json!({"user": {"name": "aNN"}})).await.expect(409);
        cloud.post("/v3/users", &admin, json!({"user": {"name": "ann", "domain_id": domain}})).await.expect(201);
        let conflict =
            cloud.patch(&format!("/v3/users/{user}"), &admin, json!({"user": {"name": "DEMO"}})).await.expect(409);
        assert!(conflict.text("/error/message").contains("DEMO"));
        cloud.patch(&format!("/v3/users/{user}"), &admin, json!({"user": {"name": "ANN"}})).await.expect(200);
        cloud.patch(&format!("/v3/users/{user}"), &admin, json!({"user": {"domain_id": domain}})).await.expect(400);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        for user in [
            json!({}),
            json!({"name": ""}),
            json!({"name": "  "}),
            json!({"name": "x".repeat(256)}),
            json!({"name": "x", "enabled": "yes"}),
            json!({"name": "x", "password": 5}),
            json!({"name": "x", "options": {"multi_factor_auth_enabled": true}}),
        ] {
            cloud.post("/v3/users", &admin, json!({"user": user})).await.expect(400);
        }
        cloud.post("/v3/users", &admin, json!({"user": {"name": "x", "domain_id": "none"}})).await.expect(404);
    }
}

#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let domain =
            cloud.post("/v3/domains", &admin, json!({"domain": {"name": "d"}})).await.expect(201).text("/domain/id");
        for name in ["ann", "Anna", "bob_1", "bobx1"] {
            cloud
                .post(
                    "/v3/users",
                    &admin,
                    json!({"user": {"name": name, "domain_id": domain, "enabled": name != "ann"}}),
                )
                .await
                .expect(201);
        }
        let names = async |query: &str| -> Vec<String> {
            let body = cloud.get(&format!("/v3/users?domain_id={domain}&{query}"), &admin).await.expect(200).body;
            let users = body["users"].as_array().unwrap().iter();
            let mut names: Vec<String> = users.map(|user| user["name"].as_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names("name=ANN").await, ["ann"]);
        assert_eq!(names("name__startswith=an").await, ["Anna", "ann"]);
        assert_eq!(names("name__contains=b_1").await, ["bob_1"], "an underscore is itself");
        assert_eq!(names("name__endswith=A").await, ["Anna"]);
        assert_eq!(names("enabled=False").await, ["ann"]);
        assert_eq!(names("enabled=True").await.len(), 3);
        assert!(names("name=nobody").await.is_empty());

        let mut path = format!("/v3/users?domain_id={domain}&limit=3");
        let mut seen = Vec::new();
        for size in [3, 1] {
            let page = cloud.get(&path, &admin).await.expect(200);
            let users = page.body["users"].as_array().unwrap();
            assert_eq!(users.len(), size);
            seen.extend(users.iter().map(|user| user["name"].clone()));
            match page.body["links"]["next"].as_str() {
                Some(next) => path = next.strip_prefix("http://cloud:5555/identity").unwrap().to_owned(),
                None => assert_eq!(size, 1, "the first page is not the last"),
            }
        }
        seen.sort_by_key(Value::to_string);
        assert_eq!(seen, ["Anna", "ann", "bob_1", "bobx1"]);
        cloud.get("/v3/users?limit=x", &admin).await.expect(400);
    }
}

#[tokio::test]
async fn users_change_their_own_password_with_the_old_one() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let user = cloud.user(&admin, "ann").await;
        let change = async |id: &str, old: &str, new: &str| {
            let body = json!({"user": {"original_password": old, "password": new}});
            cloud.post(&format!("/v3/users/{id}/password"), "", body).await.status
        };
        assert_eq!(change(&user, "wrong", "new").await, 401);
        assert_eq!(change("nobody", "secret", "new").await, 401);
        assert_eq!(change(&user, "secret", "").await, 400);
        assert_eq!(change(&user, "secret", "new").await, 204);
        cloud.first.log_in("ann", "secret", json!(null)).await.expect(401);
        cloud.first.log_in("ann", "new", json!(null)).await.expect(201);
        let path = format!("/v3/users/{user}");
        cloud.patch(&path, &admin, json!({"user": {"options": {"lock_password": true}}})).await.expect(200);
        assert_eq!(change(&user, "new", "newer").await, 400);
        cloud
            .patch(&path, &admin, json!({"user": {"options": {"lock_password": null}, "enabled": false}}))
            .await
            .expect(200);
        assert_eq!(change(&user, "new", "newer").await, 401, "disabled");
        cloud.patch(&path, &admin, json!({"user": {"enabled": true, "password": null}})).await.expect(200);
        cloud.first.log_in("ann", "new", json!(null)).await.expect(401);
    }
}
