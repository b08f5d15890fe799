//! Versions, extensions, and what the routes say of themselves.

use ferrostack_compute::{ACTIONS, console_routes, metadata_routes, root_routes, routes};
use ferrostack_http::{Access, axum::http::Method};
use serde_json::Value;

use crate::cloud::Cloud;

#[tokio::test]
async fn versions_are_listed_as_clients_expect() {
    let cloud = Cloud::new().await;
    let (status, list) = cloud.call("", "GET", "/root/", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(list["versions"][0]["id"], "v2.0");
    assert_eq!(list["versions"][1]["id"], "v2.1");
    assert_eq!(list["versions"][1]["version"], "2.1");
    assert_eq!(list["versions"][1]["links"][0]["href"], "http://cloud:8080/compute/v2.1/");
    let (status, headers, shown) = cloud.full("", "GET", "/", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(shown["version"]["links"], list["versions"][1]["links"]);
    assert_eq!(headers["openstack-api-version"], "compute 2.1");
    assert_eq!(headers["x-openstack-nova-api-version"], "2.1");
    let (_, old) = cloud.call("", "GET", "/root/v2/", Value::Null).await;
    assert_eq!(old["version"]["links"], list["versions"][0]["links"]);
}

#[tokio::test]
async fn extensions_are_listed_with_all_fields() {
    let cloud = Cloud::new().await;
    let list = cloud.get("reader:demo", "/extensions").await;
    let all = list["extensions"].as_array().unwrap();
    assert!(all.iter().any(|extension| extension["alias"] == "os-keypairs"));
    let one = cloud.get("reader:demo", "/extensions/os-keypairs").await;
    for field in ["updated", "name", "links", "namespace", "alias", "description"] {
        assert!(one["extension"].get(field).is_some(), "{field}");
    }
    assert_eq!(cloud.call("reader:demo", "GET", "/extensions/os-foxes", Value::Null).await.0, 404);
}

/// Routes that everybody with a token may call, or whose handler asks the policy with what stands in the request.
const WITHOUT_POLICY: &[(&str, &str)] = &[
    ("GET", "/flavors"),
    ("GET", "/flavors/detail"),
    ("GET", "/flavors/{id}"),
    ("POST", "/flavors/{id}/action"),
    ("POST", "/servers/{id}/action"),
    ("GET", "/os-quota-sets/{project}"),
    ("GET", "/os-quota-sets/{project}/detail"),
    ("GET", "/os-simple-tenant-usage/{project}"),
];

#[test]
fn every_route_has_its_access_and_its_schema() {
    for info in routes().infos() {
        let name = format!("{} {}", info.method, info.path);
        match info.access {
            Access::Policy(action) => {
                assert!(ACTIONS.iter().any(|known| known.name == action), "{name} asks for {action}")
            }
            Access::Public => assert_eq!(info.path, "/", "{name} is public"),
            Access::Authenticated => {
                assert!(WITHOUT_POLICY.contains(&(info.method.as_str(), info.path)), "{name} has no policy")
            }
        }
        let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(&info.method);
        assert_eq!(takes_body, !info.schemas.is_empty(), "{name}");
        for range in &info.schemas {
            range.schema.check().unwrap_or_else(|reason| panic!("{name}: {reason}"));
        }
    }
    for info in console_routes().infos().iter().chain(&metadata_routes().infos()) {
        // Guests only read, but for the password that they hand over.
        let written = info.path == "/openstack/{version}/password";
        assert!(info.access == Access::Public && (info.method == Method::GET || written), "{}", info.path);
    }
    assert!(root_routes().infos().iter().all(|info| info.access == Access::Public));
}
