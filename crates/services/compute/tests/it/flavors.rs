//! Flavors, their extra specs and who may use them.

use serde_json::{Value, json};

use crate::cloud::Cloud;

#[tokio::test]
async fn flavors_are_made_shown_listed_and_deleted() {
    for cloud in Cloud::each().await {
        let wanted = json!({"flavor": {"name": "big", "vcpus": "4", "ram": 4096, "disk": 20, "id": "auto", "swap": 512,
            "OS-FLV-EXT-DATA:ephemeral": 1, "rxtx_factor": 2, "os-flavor-access:is_public": "true"}});
        let (status, body) = cloud.call("admin", "POST", "/flavors", wanted.clone()).await;
        assert_eq!(status, 200, "{body}");
        let flavor = &body["flavor"];
        let id = flavor["id"].as_str().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!((&flavor["vcpus"], &flavor["swap"], &flavor["rxtx_factor"]), (&json!(4), &json!(512), &json!(2.0)));
        assert_eq!(cloud.call("admin", "POST", "/flavors", wanted).await.0, 409);
        assert_eq!(cloud.get("reader:demo", &format!("/flavors/{id}")).await["flavor"], *flavor);
        assert_eq!(cloud.get("reader:demo", "/flavors/1").await["flavor"]["swap"], "", "no swap is the empty text");
        let names = |body: &Value| -> Vec<String> {
            body["flavors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|flavor| flavor["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(
            names(&cloud.get("reader:demo", "/flavors/detail?sort_key=name&sort_dir=desc").await),
            ["small", "big"]
        );
        assert_eq!(names(&cloud.get("reader:demo", "/flavors?minRam=1000").await), ["big"]);
        let first = cloud.get("reader:demo", "/flavors?limit=1&sort_key=vcpus").await;
        assert_eq!(names(&first), ["small"]);
        let next = first["flavors_links"][0]["href"].as_str().unwrap();
        let next = cloud.get("reader:demo", next.strip_prefix("http://cloud:8080/compute/v2.1").unwrap()).await;
        assert_eq!(names(&next), ["big"]);
        assert_eq!(cloud.call("reader:demo", "GET", "/flavors?minDisk=x", Value::Null).await.0, 400);
        assert_eq!(cloud.call("reader:demo", "GET", "/flavors?marker=none", Value::Null).await.0, 400);
        assert_eq!(cloud.call("admin", "DELETE", &format!("/flavors/{id}"), Value::Null).await.0, 202);
        assert_eq!(cloud.call("admin", "GET", &format!("/flavors/{id}"), Value::Null).await.0, 404);
        assert_eq!(cloud.call("admin", "DELETE", &format!("/flavors/{id}"), Value::Null).await.0, 404);
    }
}

#[tokio::test]
async fn a_server_keeps_its_flavor() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    assert_eq!(cloud.call("admin", "DELETE", "/flavors/1", Value::Null).await.0, 202);
    assert_eq!(cloud.show(id).await["flavor"]["id"], "1");
    cloud.assert_clean().await;
}

#[tokio::test]
async fn extra_specs_are_changed_one_by_one() {
    let cloud = Cloud::new().await;
    let path = "/flavors/1/os-extra_specs";
    let (status, body) = cloud.call("admin", "POST", path, json!({"extra_specs": {"hw:a": "1", "b": 2}})).await;
    assert_eq!((status, body), (200, json!({"extra_specs": {"b": "2", "hw:a": "1"}})));
    let (_, body) = cloud.call("admin", "PUT", &format!("{path}/b"), json!({"b": "3"})).await;
    assert_eq!(body, json!({"b": "3"}));
    assert_eq!(cloud.call("admin", "PUT", &format!("{path}/b"), json!({"c": "3"})).await.0, 400);
    assert_eq!(cloud.get("reader:demo", &format!("{path}/hw:a")).await, json!({"hw:a": "1"}));
    assert_eq!(cloud.call("admin", "DELETE", &format!("{path}/b"), Value::Null).await.0, 200);
    assert_eq!(cloud.call("admin", "DELETE", &format!("{path}/b"), Value::Null).await.0, 404);
    assert_eq!(cloud.get("reader:demo", path).await, json!({"extra_specs": {"hw:a": "1"}}));
}

#[tokio::test]
async fn a_flavor_that_is_not_public_is_for_those_who_were_given_it() {
    let cloud = Cloud::new().await;
    let wanted = json!({"flavor": {"name": "own", "id": "own", "vcpus": 1, "ram": 64, "disk": 1, "os-flavor-access:is_public": false}});
    cloud.call("admin", "POST", "/flavors", wanted).await;
    let sees = async |token: &str| cloud.call(token, "GET", "/flavors/own", Value::Null).await.0;
    assert_eq!(sees("reader:demo").await, 404);
    let add = json!({"addTenantAccess": {"tenant": "demo"}});
    let (status, body) = cloud.call("admin", "POST", "/flavors/own/action", add.clone()).await;
    assert_eq!((status, &body["flavor_access"]), (200, &json!([{"flavor_id": "own", "tenant_id": "demo"}])));
    assert_eq!(cloud.call("admin", "POST", "/flavors/own/action", add.clone()).await.0, 409);
    assert_eq!(cloud.call("member:demo", "POST", "/flavors/own/action", add).await.0, 403);
    assert_eq!((sees("reader:demo").await, sees("reader:other").await), (200, 404));
    assert_eq!(cloud.get("admin", "/flavors?is_public=false").await["flavors"].as_array().unwrap().len(), 1);
    assert_eq!(cloud.get("admin", "/flavors?is_public=None").await["flavors"].as_array().unwrap().len(), 2);
    assert_eq!(cloud.get("reader:other", "/flavors?is_public=None").await["flavors"].as_array().unwrap().len(), 1);
    let remove = json!({"removeTenantAccess": {"tenant": "demo"}});
    assert_eq!(cloud.call("admin", "POST", "/flavors/own/action", remove.clone()).await.0, 200);
    assert_eq!(cloud.call("admin", "POST", "/flavors/own/action", remove).await.0, 404);
    assert_eq!(cloud.get("admin", "/flavors/own/os-flavor-access").await["flavor_access"], json!([]));
    assert_eq!(cloud.call("admin", "GET", "/flavors/1/os-flavor-access", Value::Null).await.0, 404);
}
