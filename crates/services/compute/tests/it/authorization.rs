//! Every route, asked by those who may not.

use std::collections::BTreeSet;

use ferrostack_compute::routes;
use ferrostack_http::Access;
use serde_json::{Value, json};

use crate::cloud::Cloud;

/// Who is asked for besides nobody: `reader` for what members may, `member` for what administrators may, `other` for
/// what the own project may, `none` for somebody without a role; and the answer. Empty: everybody with a token.
struct Case {
    method: &'static str,
    path: &'static str,
    token: &'static str,
    status: u16,
}

const fn case(method: &'static str, path: &'static str, token: &'static str, status: u16) -> Case {
    Case { method, path, token, status }
}

const CASES: &[Case] = &[
    case("GET", "/extensions", "", 0),
    case("GET", "/extensions/{alias}", "", 0),
    case("GET", "/limits", "", 0),
    case("GET", "/flavors", "", 0),
    case("GET", "/flavors/detail", "", 0),
    case("GET", "/flavors/{id}", "", 0),
    case("POST", "/flavors", "member:demo", 403),
    case("DELETE", "/flavors/{id}", "member:demo", 403),
    case("GET", "/flavors/{id}/os-flavor-access", "member:demo", 403),
    case("POST", "/flavors/{id}/action", "member:demo", 403),
    case("GET", "/flavors/{id}/os-extra_specs", "none:demo", 403),
    case("POST", "/flavors/{id}/os-extra_specs", "member:demo", 403),
    case("GET", "/flavors/{id}/os-extra_specs/{key}", "none:demo", 403),
    case("PUT", "/flavors/{id}/os-extra_specs/{key}", "member:demo", 403),
    case("DELETE", "/flavors/{id}/os-extra_specs/{key}", "member:demo", 403),
    // Key pairs are always the caller's own: another user finds none.
    case("GET", "/os-keypairs", "", 0),
    case("POST", "/os-keypairs", "", 0),
    case("GET", "/os-keypairs/{name}", "member:other", 404),
    case("DELETE", "/os-keypairs/{name}", "member:other", 404),
    case("GET", "/servers", "none:demo", 403),
    case("GET", "/servers/detail", "none:demo", 403),
    case("POST", "/servers", "reader:demo", 403),
    case("GET", "/servers/{id}", "reader:other", 404),
    case("PUT", "/servers/{id}", "member:other", 404),
    case("PUT", "/servers/{id}", "reader:demo", 403),
    case("DELETE", "/servers/{id}", "member:other", 404),
    case("DELETE", "/servers/{id}", "reader:demo", 403),
    case("POST", "/servers/{id}/action", "member:other", 404),
    case("POST", "/servers/{id}/action", "reader:demo", 403),
    case("GET", "/os-console-auth-tokens/{token}", "member:demo", 403),
    case("GET", "/servers/{id}/os-server-password", "reader:other", 404),
    case("DELETE", "/servers/{id}/os-server-password", "member:other", 404),
    case("DELETE", "/servers/{id}/os-server-password", "reader:demo", 403),
    case("GET", "/servers/{id}/ips", "reader:other", 404),
    case("GET", "/servers/{id}/ips/{network}", "reader:other", 404),
    case("GET", "/servers/{id}/os-interface", "reader:other", 404),
    case("GET", "/servers/{id}/os-interface/{port}", "reader:other", 404),
    case("GET", "/servers/{id}/os-security-groups", "reader:other", 404),
    case("GET", "/servers/{id}/metadata", "reader:other", 404),
    case("POST", "/servers/{id}/metadata", "member:other", 404),
    case("POST", "/servers/{id}/metadata", "reader:demo", 403),
    case("PUT", "/servers/{id}/metadata", "member:other", 404),
    case("GET", "/servers/{id}/metadata/{key}", "reader:other", 404),
    case("PUT", "/servers/{id}/metadata/{key}", "member:other", 404),
    case("DELETE", "/servers/{id}/metadata/{key}", "member:other", 404),
    case("GET", "/servers/{id}/os-instance-actions", "reader:other", 404),
    case("GET", "/servers/{id}/os-instance-actions/{request}", "reader:other", 404),
    case("GET", "/os-availability-zone", "", 0),
    case("GET", "/os-availability-zone/detail", "member:demo", 403),
    case("GET", "/os-services", "member:demo", 403),
    case("PUT", "/os-services/enable", "member:demo", 403),
    case("PUT", "/os-services/disable", "member:demo", 403),
    case("PUT", "/os-services/disable-log-reason", "member:demo", 403),
    case("GET", "/os-hypervisors", "member:demo", 403),
    case("GET", "/os-hypervisors/detail", "member:demo", 403),
    case("GET", "/os-hypervisors/statistics", "member:demo", 403),
    case("GET", "/os-hypervisors/{id}", "member:demo", 403),
    case("GET", "/os-hypervisors/{id}/search", "member:demo", 403),
    case("GET", "/os-hypervisors/{id}/servers", "member:demo", 403),
    case("GET", "/os-quota-sets/{project}", "reader:other", 403),
    case("GET", "/os-quota-sets/{project}/detail", "reader:other", 403),
    case("GET", "/os-quota-sets/{project}/defaults", "", 0),
    case("PUT", "/os-quota-sets/{project}", "member:demo", 403),
    case("DELETE", "/os-quota-sets/{project}", "member:demo", 403),
    case("GET", "/os-simple-tenant-usage", "member:demo", 403),
    case("GET", "/os-simple-tenant-usage/{project}", "reader:other", 403),
];

/// A body that the route's schema takes.
fn body(case: &Case) -> Value {
    match (case.method, case.path) {
        ("GET" | "DELETE", _) => Value::Null,
        (_, "/flavors") => json!({"flavor": {"name": "x", "ram": 1, "vcpus": 1, "disk": 1}}),
        (_, "/flavors/{id}/action") => json!({"addTenantAccess": {"tenant": "demo"}}),
        (_, "/flavors/{id}/os-extra_specs") => json!({"extra_specs": {}}),
        (_, "/flavors/{id}/os-extra_specs/{key}") => json!({"k": "v"}),
        (_, "/os-keypairs") => json!({"keypair": {"name": "x"}}),
        (_, "/servers") => json!({"server": {"name": "x", "flavorRef": "1", "imageRef": uuid::Uuid::nil()}}),
        (_, "/servers/{id}") => json!({"server": {"name": "y"}}),
        (_, "/servers/{id}/action") => json!({"os-stop": null}),
        (_, "/servers/{id}/metadata") => json!({"metadata": {}}),
        (_, "/servers/{id}/metadata/{key}") => json!({"meta": {"k": "v"}}),
        (_, "/os-quota-sets/{project}") => json!({"quota_set": {}}),
        (_, path) if path.starts_with("/os-services") => {
            json!({"host": "compute-1", "binary": "nova-compute", "disabled_reason": "x"})
        }
        (method, path) => panic!("no body for {method} {path}"),
    }
}

#[tokio::test]
async fn every_route_refuses_who_may_not() {
    let known: BTreeSet<_> = CASES.iter().map(|case| (case.method.to_owned(), case.path)).collect();
    let guarded = routes().infos();
    let guarded: BTreeSet<_> = guarded
        .iter()
        .filter(|info| info.access != Access::Public)
        .map(|info| (info.method.to_string(), info.path))
        .collect();
    assert_eq!(known, guarded, "every route has a case");

    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({"metadata": {"k": "v"}})).await.to_string();
    for case in CASES {
        let project_first = case.path.replace("{id}", if case.path.starts_with("/servers") { &id } else { "1" });
        let path = project_first.replace("{project}", "demo").replace("{port}", &uuid::Uuid::nil().to_string());
        let path = path.replace("{key}", "k").replace("{network}", "private").replace("{alias}", "os-keypairs");
        let path = path.replace("{name}", "x").replace("{request}", "req-1");
        let (status, _) = cloud.call("", case.method, &path, body(case)).await;
        assert_eq!(status, 401, "{} {path} without a token", case.method);
        let (status, answer) = cloud.call("wrong", case.method, &path, body(case)).await;
        assert_eq!(status, 401, "{} {path} with a wrong token: {answer}", case.method);
        if case.token.is_empty() {
            let (status, answer) = cloud.call("reader:demo", case.method, &path, body(case)).await;
            assert!(status < 300, "{} {path} by anybody: {status} {answer}", case.method);
        } else {
            let (status, answer) = cloud.call(case.token, case.method, &path, body(case)).await;
            assert_eq!(status, case.status, "{} {path} by {}: {answer}", case.method, case.token);
        }
    }
}
