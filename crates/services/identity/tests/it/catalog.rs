use serde_json::{Value, json};

use crate::cloud::{ADMIN_PASSWORD, Cloud, each};

async fn urls(cloud: &Cloud, scope: Value) -> Vec<String> {
    let answer = cloud.first.log_in("admin", ADMIN_PASSWORD, scope).await.expect(201);
    let services = answer.body["token"]["catalog"].as_array().unwrap().clone();
    let endpoints = services.iter().flat_map(|service| service["endpoints"].as_array().unwrap());
    endpoints.map(|endpoint| endpoint["url"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn regions_lie_in_regions() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let made = cloud.post("/v3/regions", &admin, json!({"region": {"description": "d"}})).await.expect(201);
        let top = made.text("/region/id");
        assert_eq!(made.body["region"]["parent_region_id"], Value::Null);
        let put = async |id: &str, body: Value| {
            cloud.first.call("PUT", &format!("/v3/regions/{id}"), &admin, Some(json!({"region": body}))).await
        };
        let made = put("north", json!({"parent_region_id": top, "description": "n"})).await.expect(201);
        assert_eq!((made.text("/region/id"), made.text("/region/parent_region_id")), ("north".to_owned(), top.clone()));
        put("north", json!({})).await.expect(409);
        put("south", json!({"id": "east"})).await.expect(400);
        put("south", json!({"parent_region_id": "none"})).await.expect(404);
        let below = cloud.get(&format!("/v3/regions?parent_region_id={top}"), &admin).await.expect(200);
        assert_eq!(below.body["regions"].as_array().unwrap().len(), 1);
        let circle = json!({"region": {"parent_region_id": "north"}});
        cloud.patch(&format!("/v3/regions/{top}"), &admin, circle).await.expect(400);
        let changed =
            cloud.patch("/v3/regions/north", &admin, json!({"region": {"description": "far"}})).await.expect(200);
        assert_eq!(
            (changed.text("/region/description"), changed.text("/region/parent_region_id")),
            ("far".to_owned(), top.clone())
        );
        cloud.delete("/v3/regions/RegionOne", &admin).await.expect(403);
        cloud.delete(&format!("/v3/regions/{top}"), &admin).await.expect(204);
        cloud.get("/v3/regions/north", &admin).await.expect(404);
        cloud.delete("/v3/regions/north", &admin).await.expect(404);
    }
}

#[tokio::test]
async fn services_and_endpoints_make_the_catalog() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let project = &cloud.made.admin_project_id;
        let in_project = json!({"project": {"id": project}});
        assert_eq!(urls(&cloud, in_project.clone()).await.len(), 6);
        let service = json!({"service": {"type": "volumev3", "name": "cinder", "description": "d"}});
        let made = cloud.post("/v3/services", &admin, service).await.expect(201);
        let service = made.text("/service/id");
        let expected = json!({
            "id": service, "type": "volumev3", "name": "cinder", "description": "d", "enabled": true,
            "links": {"self": format!("http://cloud:5555/identity/v3/services/{service}")},
        });
        assert_eq!(made.body["service"], expected);
        assert_eq!(
            cloud.get("/v3/services?type=volumev3", &admin).await.expect(200).body["services"],
            json!([expected])
        );

        let endpoint = |changes: Value| {
            let mut endpoint = json!({"service_id": service, "interface": "public", "url": "http://v/$(project_id)s"});
            endpoint.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            json!({"endpoint": endpoint})
        };
        let made = cloud.post("/v3/endpoints", &admin, endpoint(json!({"region": "moon"}))).await.expect(201);
        let id = made.text("/endpoint/id");
        assert_eq!(
            (made.text("/endpoint/region"), made.text("/endpoint/region_id")),
            ("moon".to_owned(), "moon".to_owned())
        );
        cloud.get("/v3/regions/moon", &admin).await.expect(200);
        for (wrong, status) in [
            (json!({"region_id": "none"}), 400),
            (json!({"service_id": "none"}), 404),
            (json!({"interface": "secret"}), 400),
            (json!({"url": "no address"}), 400),
        ] {
            cloud.post("/v3/endpoints", &admin, endpoint(wrong)).await.expect(status);
        }
        assert!(urls(&cloud, in_project.clone()).await.contains(&format!("http://v/{project}")));
        assert_eq!(urls(&cloud, json!({"system": {"all": true}})).await.len(), 6, "no project, no such address");
        assert_eq!(
            cloud.get(&format!("/v3/endpoints?service_id={service}"), &admin).await.expect(200).text("/endpoints/0/id"),
            id
        );
        assert_eq!(
            cloud
                .get("/v3/endpoints?interface=public&region_id=moon", &admin)
                .await
                .expect(200)
                .text("/endpoints/0/id"),
            id
        );

        let change =
            json!({"endpoint": {"interface": "internal", "url": "http://w/", "region": "mars", "enabled": false}});
        let changed = cloud.patch(&format!("/v3/endpoints/{id}"), &admin, change).await.expect(200);
        assert_eq!(
            (changed.text("/endpoint/region"), changed.text("/endpoint/interface")),
            ("mars".to_owned(), "internal".to_owned())
        );
        assert_eq!(urls(&cloud, in_project.clone()).await.len(), 6, "disabled");
        cloud.patch(&format!("/v3/endpoints/{id}"), &admin, json!({"endpoint": {"enabled": true}})).await.expect(200);
        assert!(urls(&cloud, in_project.clone()).await.contains(&"http://w/".to_owned()));
        cloud
            .patch(&format!("/v3/services/{service}"), &admin, json!({"service": {"enabled": false}}))
            .await
            .expect(200);
        assert_eq!(urls(&cloud, in_project).await.len(), 6);
        cloud.delete(&format!("/v3/services/{service}"), &admin).await.expect(204);
        cloud.get(&format!("/v3/endpoints/{id}"), &admin).await.expect(404);
        cloud.delete(&format!("/v3/endpoints/{id}"), &admin).await.expect(404);
        cloud.delete("/v3/regions/mars", &admin).await.expect(204);
    }
}
