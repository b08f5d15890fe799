use ferrostack_policy::{Action, Role};

use super::*;
use crate::Scope;

const ACTIONS: &[Action] = &[
    Action { name: "show", rule: "role:reader and project_id:%(project_id)s", scope_types: &[], doc: "" },
    Action { name: "event", rule: "service_roles:service", scope_types: &[], doc: "" },
    Action { name: "versions", rule: "", scope_types: &[], doc: "" },
    Action { name: "domain", rule: "domain_id:%(domain_id)s", scope_types: &[], doc: "" },
    Action { name: "system", rule: "system_scope:all", scope_types: &[], doc: "" },
];

fn identity(scope: Scope, role: &str) -> Arc<Authenticated> {
    Arc::new(Authenticated {
        user_id: "u1".to_owned(),
        user_name: "demo".to_owned(),
        user_domain_id: "default".to_owned(),
        user_domain_name: "Default".to_owned(),
        scope,
        roles: vec![Role { id: "r1".to_owned(), name: role.to_owned() }],
        expires_at_us: 0,
        audit_ids: Vec::new(),
        methods: Vec::new(),
    })
}

fn project() -> Scope {
    Scope::Project {
        id: "p1".to_owned(),
        name: "demo".to_owned(),
        domain_id: "default".to_owned(),
        domain_name: "Default".to_owned(),
        is_domain: false,
    }
}

fn request() -> Ctx {
    Ctx::new("req-1", Arc::new(Policy::new([ACTIONS]).unwrap()))
}

#[test]
fn a_request_without_token_has_no_identity() {
    let cx = request();
    assert!(cx.user_id().is_none() && cx.project_id().is_none() && !cx.is_admin());
    assert!(matches!(cx.require_project(), Err(AuthError::NoProject)));
    assert!(matches!(cx.require_identity(), Err(AuthError::Unauthenticated)));
    assert!(cx.allow("versions", &()).is_ok());
    assert!(cx.allow("show", &[("project_id", "p1")]).is_err());
    assert_eq!(cx.microversion(), Microversion::UNVERSIONED);
}

#[test]
fn a_token_speaks_for_its_project() {
    let cx = request().with_identity(identity(project(), "Reader")).with_microversion(Microversion::new(2, 1));
    assert_eq!((cx.user_id(), cx.require_project().unwrap()), (Some("u1"), "p1"));
    assert!(cx.has_role("reader") && !cx.is_admin());
    assert!(cx.allow("show", &[("project_id", "p1")]).is_ok());
    assert!(cx.allow("show", &[("project_id", "p2")]).is_err());
    assert!(matches!(cx.allow("unheard-of", &()), Err(Denied::UnknownAction { .. })));
    assert_eq!(cx.microversion().to_string(), "2.1");
    assert!(request().with_identity(identity(project(), "admin")).is_admin());
}

#[test]
fn scopes_reach_the_policy() {
    let domain = Scope::Domain { id: "d1".to_owned(), name: "D".to_owned() };
    let cx = request().with_identity(identity(domain, "reader"));
    assert_eq!(cx.domain_id(), Some("d1"));
    assert!(cx.allow("domain", &[("domain_id", "d1")]).is_ok());
    assert!(cx.allow("system", &()).is_err());
    assert!(request().with_identity(identity(Scope::System, "reader")).allow("system", &()).is_ok());
    assert!(request().with_identity(identity(Scope::Unscoped, "reader")).allow("system", &()).is_err());
}

#[test]
fn a_service_vouches_without_becoming_the_user() {
    let cx = request().with_identity(identity(project(), "reader"));
    assert!(cx.allow("event", &()).is_err());
    let cx = cx.with_service(identity(project(), "service"));
    assert!(cx.allow("event", &()).is_ok() && !cx.has_role("service"));
}

#[test]
fn changing_a_clone_leaves_the_other() {
    let first = request();
    let second = first.clone().with_microversion(Microversion::new(2, 5));
    assert_eq!(first.microversion(), Microversion::UNVERSIONED);
    assert_eq!(second.microversion(), Microversion::new(2, 5));
}

#[test]
fn the_cloud_itself_may_do_everything() {
    let cx = Ctx::internal("req-2");
    assert!(cx.is_internal() && cx.is_admin() && cx.policy().is_none());
    assert!(cx.allow("show", &()).is_ok());
    assert!(cx.with_identity(identity(project(), "reader")).identity().is_none());
}

#[test]
fn an_operation_keeps_its_origin() {
    let cx = request().with_global_request_id("req-0").with_identity(identity(project(), "reader"));
    let stored = serde_json::to_string(&cx.origin()).unwrap();
    let later = Ctx::on_behalf_of(serde_json::from_str(&stored).unwrap());
    assert_eq!(later.origin(), cx.origin());
    assert_eq!((later.request_id(), later.global_request_id()), ("req-1", Some("req-0")));
    assert_eq!((later.user_id(), later.project_id()), (Some("u1"), Some("p1")));
    assert!(later.allow("show", &()).is_ok());
}
