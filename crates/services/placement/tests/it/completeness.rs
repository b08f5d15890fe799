use std::collections::BTreeSet;

use ferrostack_http::{Access, axum::http::Method};
use ferrostack_placement::{ACTIONS, VERSIONS, routes};

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
