//! Every route with its rule, and what becomes of callers whom the rule does not name.

use ferrostack_http::{Access, axum::http::Method};
use ferrostack_image::{ACTIONS, routes};
use serde_json::{Value, json};

use crate::cloud::{Cloud, OTHER};

#[test]
fn every_route_declares_its_access_and_its_body() {
    for info in routes().infos() {
        let name = format!("{} {}", info.method, info.path);
        match info.access {
            Access::Public => assert!(["/", "/versions"].contains(&info.path), "{name}"),
            Access::Authenticated => {
                assert!(info.path.starts_with("/v2/schemas/") || info.path == "/v2/info/import", "{name}")
            }
            Access::Policy(action) => assert!(ACTIONS.iter().any(|known| known.name == action), "{name}: {action}"),
        }
        if [Method::POST, Method::PUT, Method::PATCH].contains(&info.method) {
            assert!(!info.schemas.is_empty() || info.no_schema.is_some(), "{name}");
        }
        for range in &info.schemas {
            range.schema.check().unwrap();
        }
    }
}

/// Method, path, body; what another project's member gets for a private image; what a reader of the own project gets.
fn cases() -> Vec<(&'static str, &'static str, Option<Value>, u16, u16)> {
    let status = || Some(json!({"status": "accepted"}));
    vec![
        ("GET", "/v2/images", None, 200, 200),
        ("POST", "/v2/images", Some(json!({})), 201, 403),
        ("GET", "/v2/images/{id}", None, 404, 200),
        ("PATCH", "/v2/images/{id}", Some(json!([])), 404, 403),
        ("DELETE", "/v2/images/{id}", None, 404, 403),
        ("POST", "/v2/images/{id}/actions/deactivate", None, 404, 403),
        ("POST", "/v2/images/{id}/actions/reactivate", None, 404, 403),
        ("PUT", "/v2/images/{id}/file", None, 404, 403),
        ("GET", "/v2/images/{id}/file", None, 404, 403),
        ("PUT", "/v2/images/{id}/tags/{tag}", None, 404, 403),
        ("DELETE", "/v2/images/{id}/tags/{tag}", None, 404, 403),
        ("GET", "/v2/images/{id}/members", None, 404, 200),
        ("POST", "/v2/images/{id}/members", Some(json!({"member": "p9"})), 404, 403),
        ("GET", "/v2/images/{id}/members/{member}", None, 404, 200),
        ("PUT", "/v2/images/{id}/members/{member}", status(), 404, 403),
        ("DELETE", "/v2/images/{id}/members/{member}", None, 404, 403),
    ]
}

#[test]
fn the_table_of_cases_is_complete() {
    let mut ruled: Vec<String> = routes()
        .infos()
        .iter()
        .filter(|info| matches!(info.access, Access::Policy(_)))
        .map(|info| format!("{} {}", info.method, info.path))
        .collect();
    let mut covered: Vec<String> = cases().iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    ruled.sort();
    covered.sort();
    assert_eq!(ruled, covered);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_get_no_further_than_they_may() {
    for cloud in Cloud::each().await {
        for (method, template, body, other, reader) in cases() {
            let id = cloud.active(b"abc").await;
            cloud.call("member:p1", "POST", &format!("/v2/images/{id}/members"), Some(json!({"member": "p3"}))).await;
            let path = template.replace("{id}", &id).replace("{tag}", "t").replace("{member}", "p3");
            for (token, expected) in [("", 401), ("nobody", 401), (OTHER, other), ("reader:p1", reader)] {
                let answer = cloud.call(token, method, &path, body.clone()).await;
                assert_eq!(answer.status, expected, "{method} {path} by {token:?}: {answer:?}");
            }
            assert_eq!(cloud.show(&id).await["status"], "active", "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_not_found() {
    for cloud in Cloud::each().await {
        for path in ["/v2/images/7", "/v2/images/", "/v2/images/11111111-2222-3333-4444-555555555555", "/v2/nothing"] {
            assert_eq!(cloud.get("member:p1", path).await.status, 404, "{path}");
        }
        assert_eq!(cloud.call("member:p1", "PUT", "/v2/images", None).await.status, 405);
    }
}
