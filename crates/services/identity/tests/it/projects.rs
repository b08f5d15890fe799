use serde_json::{Value, json};

use crate::cloud::each;

#[tokio::test]
async fn a_project_lives_and_dies() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let wanted = json!({"name": "Site", "description": "d", "tags": ["b", "a"], "colour": "red"});
        let made = cloud.post("/v3/projects", &admin, json!({"project": wanted})).await.expect(201);
        let id = made.text("/project/id");
        let path = format!("/v3/projects/{id}");
        let expected = json!({
            "id": id, "name": "Site", "domain_id": "default", "description": "d", "enabled": true, "parent_id": "default",
            "is_domain": false, "tags": ["a", "b"], "options": {},
            "links": {"self": format!("http://cloud:5555/identity/v3/projects/{id}")}, "colour": "red",
        });
        assert_eq!(made.body["project"], expected);
        assert_eq!(cloud.get(&path, &admin).await.expect(200).body["project"], expected);
        assert_eq!(cloud.get("/v3/projects?name=site", &admin).await.expect(200).body["projects"], json!([expected]));
        cloud.post("/v3/projects", &admin, json!({"project": {"name": "SITE"}})).await.expect(409);
        cloud.post("/v3/projects", &admin, json!({"project": {"name": "x", "is_domain": true}})).await.expect(400);
        cloud.post("/v3/projects", &admin, json!({"project": {"name": "x".repeat(65)}})).await.expect(400);
        cloud.patch(&path, &admin, json!({"project": {"domain_id": "other"}})).await.expect(400);
        let changed = cloud
            .patch(&path, &admin, json!({"project": {"name": "Hall", "enabled": false, "tags": []}}))
            .await
            .expect(200);
        let changed = &changed.body["project"];
        assert_eq!(
            (&changed["name"], &changed["enabled"], &changed["tags"]),
            (&json!("Hall"), &json!(false), &json!([]))
        );
        cloud.delete(&path, &admin).await.expect(204);
        cloud.get(&path, &admin).await.expect(404);
        cloud.delete(&path, &admin).await.expect(404);
    }
}

#[tokio::test]
async fn projects_form_trees() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let make = async |name: &str, parent: &str| {
            cloud.post("/v3/projects", &admin, json!({"project": {"name": name, "parent_id": parent}})).await
        };
        let top = make("top", "default").await.expect(201);
        assert_eq!(top.text("/project/parent_id"), "default");
        let top = top.text("/project/id");
        let mut parent = top.clone();
        for level in 2..=5 {
            let made = make(&format!("level{level}"), &parent).await.expect(201);
            assert_eq!(made.text("/project/parent_id"), parent);
            parent = made.text("/project/id");
        }
        make("level6", &parent).await.expect(403);
        make("orphan", "none").await.expect(404);
        let domain =
            cloud.post("/v3/domains", &admin, json!({"domain": {"name": "d"}})).await.expect(201).text("/domain/id");
        let stray = json!({"project": {"name": "stray", "parent_id": top, "domain_id": domain}});
        cloud.post("/v3/projects", &admin, stray).await.expect(400);

        let children = cloud.get(&format!("/v3/projects?parent_id={top}"), &admin).await.expect(200);
        assert_eq!(children.text("/projects/0/name"), "level2");
        assert_eq!(children.body["projects"].as_array().unwrap().len(), 1);
        let roots = cloud.get("/v3/projects?parent_id=default", &admin).await.expect(200);
        assert_eq!(roots.body["projects"].as_array().unwrap().len(), 4, "admin, demo, service, top");

        cloud.delete(&format!("/v3/projects/{top}"), &admin).await.expect(403);
        let enable = async |id: &str, enabled: bool| {
            cloud.patch(&format!("/v3/projects/{id}"), &admin, json!({"project": {"enabled": enabled}})).await.status
        };
        assert_eq!(enable(&top, false).await, 403, "there are enabled ones below");
        assert_eq!(enable(&parent, false).await, 200);
        let above = cloud.get(&format!("/v3/projects/{parent}"), &admin).await.expect(200).text("/project/parent_id");
        assert_eq!(enable(&above, false).await, 200);
        assert_eq!(enable(&parent, true).await, 403, "the one above is disabled");
        make("late", &above).await.expect(403);
        cloud
            .patch(&format!("/v3/projects/{parent}"), &admin, json!({"project": {"parent_id": top}}))
            .await
            .expect(403);
    }
}

#[tokio::test]
async fn tags_are_set_and_looked_for() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let (a, b) = (cloud.project(&admin, "a").await, cloud.project(&admin, "b").await);
        let tags = format!("/v3/projects/{a}/tags");
        let replace = |tags: Value| json!({"tags": tags});
        let set = cloud.first.call("PUT", &tags, &admin, Some(replace(json!(["red", "blue"])))).await.expect(200);
        assert_eq!(set.body["tags"], json!(["blue", "red"]));
        cloud.put(&format!("{tags}/green"), &admin).await.expect(201);
        cloud.put(&format!("/v3/projects/{b}/tags/green"), &admin).await.expect(201);
        cloud.get(&format!("{tags}/green"), &admin).await.expect(204);
        cloud.get(&format!("{tags}/black"), &admin).await.expect(404);
        for bad in [json!(["a,b"]), json!(["x", "x"]), json!([""]), json!("x")] {
            cloud.first.call("PUT", &tags, &admin, Some(replace(bad))).await.expect(400);
        }
        let names = async |query: &str| -> Vec<String> {
            let body = cloud.get(&format!("/v3/projects?{query}"), &admin).await.expect(200).body;
            let projects = body["projects"].as_array().unwrap().iter();
            let mut names: Vec<String> = projects.map(|project| project["name"].as_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names("tags=green").await, ["a", "b"]);
        assert_eq!(names("tags=green,red").await, ["a"]);
        assert_eq!(names("tags-any=red,blue").await, ["a"]);
        assert_eq!(names("not-tags=green,red").await, ["admin", "b", "demo", "service"]);
        assert_eq!(names("not-tags-any=green,red").await, ["admin", "demo", "service"]);
        cloud.delete(&format!("{tags}/red"), &admin).await.expect(204);
        cloud.delete(&format!("{tags}/red"), &admin).await.expect(404);
        cloud.delete(&tags, &admin).await.expect(204);
        assert_eq!(cloud.get(&tags, &admin).await.expect(200).body["tags"], json!([]));
    }
}

#[tokio::test]
async fn the_immutable_can_only_be_made_mutable() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let made = cloud
            .post("/v3/projects", &admin, json!({"project": {"name": "x", "options": {"immutable": true}}}))
            .await
            .expect(201);
        let path = format!("/v3/projects/{}", made.text("/project/id"));
        cloud.patch(&path, &admin, json!({"project": {"name": "y"}})).await.expect(403);
        cloud.delete(&path, &admin).await.expect(403);
        cloud.put(&format!("{path}/tags/t"), &admin).await.expect(403);
        cloud.patch(&path, &admin, json!({"project": {"options": {"immutable": null}}})).await.expect(200);
        cloud.delete(&path, &admin).await.expect(204);
    }
}
