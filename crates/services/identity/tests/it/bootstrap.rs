use ferrostack_identity::bootstrap;
use serde_json::json;

use crate::cloud::{ADMIN_PASSWORD, each, spec};

#[tokio::test]
async fn a_second_run_finds_what_the_first_made() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let count = |body: serde_json::Value, name: &str| body[name].as_array().unwrap().len();
        for _ in 0..2 {
            let mut again = spec();
            again.admin_password = "another".to_owned().into();
            assert_eq!(bootstrap(&cloud.first.identity, again).await.unwrap(), cloud.made);
            assert_eq!(count(cloud.get("/v3/services", &admin).await.expect(200).body, "services"), 2);
            assert_eq!(count(cloud.get("/v3/endpoints", &admin).await.expect(200).body, "endpoints"), 6);
            assert_eq!(count(cloud.get("/v3/roles", &admin).await.expect(200).body, "roles"), 5);
        }
        // The password is the first one: later it is changed through the API.
        cloud.first.log_in("admin", ADMIN_PASSWORD, json!(null)).await.expect(201);
    }
}

#[tokio::test]
async fn the_catalog_follows_the_public_address() {
    for cloud in each().await {
        let mut moved = spec();
        moved.public_url = "https://elsewhere/".to_owned();
        bootstrap(&cloud.first.identity, moved).await.unwrap();
        let answer = cloud.first.log_in("admin", ADMIN_PASSWORD, json!({"system": {"all": true}})).await.expect(201);
        for service in answer.body["token"]["catalog"].as_array().unwrap() {
            for endpoint in service["endpoints"].as_array().unwrap() {
                assert!(endpoint["url"].as_str().unwrap().starts_with("https://elsewhere/"), "{endpoint}");
            }
        }
    }
}

#[tokio::test]
async fn several_controllers_start_at_once() {
    for cloud in each().await {
        let run = || bootstrap(&cloud.first.identity, spec());
        let (a, b, c) = tokio::join!(run(), run(), run());
        assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (cloud.made.clone(), cloud.made.clone(), cloud.made.clone()));
    }
}

#[tokio::test]
async fn roles_of_the_cloud_are_immutable_and_imply_each_other() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let role = cloud.role(&admin, "member").await;
        cloud.delete(&format!("/v3/roles/{role}"), &admin).await.expect(403);
        cloud.patch(&format!("/v3/roles/{role}"), &admin, json!({"role": {"name": "x"}})).await.expect(403);
        let token = cloud
            .first
            .log_in("admin", ADMIN_PASSWORD, json!({"project": {"id": cloud.made.admin_project_id}}))
            .await
            .expect(201);
        let roles = token.body["token"]["roles"].as_array().unwrap().iter();
        let names: Vec<&str> = roles.map(|role| role["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["admin", "manager", "member", "reader"]);
    }
}
