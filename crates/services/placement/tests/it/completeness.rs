use std::collections::BTreeSet;

use ferrostack_http::{Access, axum::http::Method};
use ferrostack_placement::{ACTIONS, VERSIONS, routes};

/// Method, path and first minor version of all that the Placement API reference lists, in its order; the last one is in
/// none of its chapters but in the API all the same.
const REFERENCE: [(&str, &str, u16); 36] = [
    ("GET", "/", 0),
    ("GET", "/resource_providers", 0),
    ("POST", "/resource_providers", 0),
    ("GET", "/resource_providers/{uuid}", 0),
    ("PUT", "/resource_providers/{uuid}", 0),
    ("DELETE", "/resource_providers/{uuid}", 0),
    ("GET", "/resource_classes", 2),
    ("POST", "/resource_classes", 2),
    ("GET", "/resource_classes/{name}", 2),
    ("PUT", "/resource_classes/{name}", 2),
    ("DELETE", "/resource_classes/{name}", 2),
    ("GET", "/resource_providers/{uuid}/inventories", 0),
    ("PUT", "/resource_providers/{uuid}/inventories", 0),
    ("DELETE", "/resource_providers/{uuid}/inventories", 5),
    ("GET", "/resource_providers/{uuid}/inventories/{resource_class}", 0),
    ("PUT", "/resource_providers/{uuid}/inventories/{resource_class}", 0),
    ("DELETE", "/resource_providers/{uuid}/inventories/{resource_class}", 0),
    ("GET", "/resource_providers/{uuid}/aggregates", 1),
    ("PUT", "/resource_providers/{uuid}/aggregates", 1),
    ("GET", "/traits", 6),
    ("GET", "/traits/{name}", 6),
    ("PUT", "/traits/{name}", 6),
    ("DELETE", "/traits/{name}", 6),
    ("GET", "/resource_providers/{uuid}/traits", 6),
    ("PUT", "/resource_providers/{uuid}/traits", 6),
    ("DELETE", "/resource_providers/{uuid}/traits", 6),
    ("POST", "/allocations", 13),
    ("GET", "/allocations/{consumer_uuid}", 0),
    ("PUT", "/allocations/{consumer_uuid}", 0),
    ("DELETE", "/allocations/{consumer_uuid}", 0),
    ("GET", "/resource_providers/{uuid}/allocations", 0),
    ("GET", "/usages", 9),
    ("GET", "/resource_providers/{uuid}/usages", 0),
    ("GET", "/allocation_candidates", 10),
    ("POST", "/reshaper", 30),
    ("POST", "/resource_providers/{uuid}/inventories", 0),
];

#[test]
fn the_routes_are_those_of_the_api_reference() {
    let reference: BTreeSet<(String, &str, u16)> =
        REFERENCE.iter().map(|(method, path, since)| ((*method).to_owned(), *path, *since)).collect();
    assert_eq!(reference.len(), REFERENCE.len(), "nothing is listed twice");
    let first = |info: &ferrostack_http::RouteInfo| {
        // Before 1.5 this one answers 405, and every other route 404.
        let deletes_all_since = (info.method == Method::DELETE && info.path.ends_with("/inventories")).then_some(5);
        deletes_all_since.unwrap_or(info.versions.0.minor)
    };
    let ours = routes().infos().iter().map(|info| (info.method.to_string(), info.path, first(info))).collect();
    assert_eq!(reference, ours);
    for info in routes().infos() {
        assert!(info.versions.1 >= VERSIONS.max, "{} {} ends before the newest version", info.method, info.path);
    }
}

#[test]
fn every_route_has_an_action_and_every_action_a_route() {
    let known: BTreeSet<&str> = ACTIONS.iter().map(|action| action.name).collect();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for info in routes().infos() {
        match info.access {
            Access::Policy(action) => {
                assert!(known.contains(action), "{} {} asks for {action}", info.method, info.path);
                used.insert(action);
            }
            Access::Public => assert_eq!(info.path, "/", "only the version document is public"),
            Access::Authenticated => panic!("{} {} has no action", info.method, info.path),
        }
    }
    let idle: Vec<&&str> =
        known.iter().filter(|name| name.starts_with("placement:") && !used.contains(*name)).collect();
    assert_eq!(idle, Vec::<&&str>::new());
}

#[test]
fn every_body_has_a_schema_at_every_version() {
    for info in routes().infos() {
        if ![Method::POST, Method::PUT, Method::PATCH].contains(&info.method) || info.no_schema.is_some() {
            continue;
        }
        for minor in VERSIONS.min.minor..=VERSIONS.max.minor {
            let version = ferrostack_auth::Microversion::new(1, minor);
            // Since 1.7 classes are made without a body.
            let bodiless = info.path == "/resource_classes/{name}" && minor >= 7;
            if (info.versions.0..=info.versions.1).contains(&version) && !bodiless {
                assert!(info.schema(version).is_some(), "{} {} at {version}", info.method, info.path);
            }
        }
    }
}

#[test]
fn every_schema_compiles() {
    for info in routes().infos() {
        for range in &info.schemas {
            assert_eq!(range.schema.check(), Ok(()), "{} {} from {}", info.method, info.path, range.min);
        }
    }
}
