//! Lists that must be complete.

use std::collections::BTreeSet;

use ferrostack_http::{Access, axum::http::Method};
use ferrostack_identity::{ACTIONS, routes};
use ferrostack_policy::Policy;

/// Routes that need no token: discovery, and where the proof is in the body.
const PUBLIC: [&str; 5] = ["GET /", "GET /v3", "GET /v3/", "POST /v3/auth/tokens", "POST /v3/users/{user_id}/password"];

#[test]
fn every_route_says_who_may_call_it() {
    let policy = Policy::new([ACTIONS]).unwrap();
    let mut public = Vec::new();
    for info in routes().infos() {
        let route = format!("{} {}", info.method, info.path);
        match info.access {
            Access::Policy(action) => assert!(policy.contains(action), "{route}: the policy has no {action}"),
            Access::Public => public.push(route),
            Access::Authenticated => panic!("{route} names no action"),
        }
    }
    assert_eq!(public, PUBLIC);
}

#[test]
fn every_route_with_a_body_has_a_schema() {
    for info in routes().infos() {
        let route = format!("{} {}", info.method, info.path);
        let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(&info.method);
        assert_eq!(takes_body, !info.schemas.is_empty() || info.no_schema.is_some(), "{route}");
        for range in &info.schemas {
            range.schema.check().unwrap_or_else(|reason| panic!("{route}: {reason}"));
        }
    }
}

#[test]
fn every_action_belongs_to_a_route() {
    let asked: BTreeSet<&str> = routes()
        .infos()
        .iter()
        .filter_map(|info| if let Access::Policy(action) = info.access { Some(action) } else { None })
        .collect();
    let declared: BTreeSet<&str> =
        ACTIONS.iter().map(|action| action.name).filter(|name| name.starts_with("identity:")).collect();
    assert_eq!(asked, declared);
}
