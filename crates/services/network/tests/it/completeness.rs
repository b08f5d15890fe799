use std::collections::BTreeSet;

use ferrostack_http::{Access, axum::http::Method};
use ferrostack_network::{ACTIONS, root_routes, routes};

/// Routes that need no policy: they show nothing of a project.
const OPEN: [&str; 1] = ["/"];

#[test]
fn every_route_has_an_access_and_every_body_a_schema_that_compiles() {
    let actions: BTreeSet<&str> = ACTIONS.iter().map(|action| action.name).collect();
    assert_eq!(actions.len(), ACTIONS.len(), "an action is declared twice");
    for info in routes().infos().into_iter().chain(root_routes().infos()) {
        match info.access {
            Access::Policy(action) => assert!(actions.contains(action), "{action} of {}", info.path),
            Access::Public | Access::Authenticated => assert!(OPEN.contains(&info.path), "{} has no policy", info.path),
        }
        let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(&info.method);
        assert_eq!(takes_body, !info.schemas.is_empty() || info.no_schema.is_some(), "{} {}", info.method, info.path);
        for range in &info.schemas {
            range.schema.check().unwrap_or_else(|reason| panic!("{}: {reason}", info.path));
        }
    }
}
