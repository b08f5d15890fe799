//! Tokens that need no identity service: `admin`, `ROLE:PROJECT`, or `ROLE:PROJECT:USER`.

use std::sync::Arc;

use ferrostack_auth::{Authenticated, Role, Scope};
use ferrostack_http::{AuthFuture, Authenticator, Fault};

/// The project of the token `admin`.
pub const ADMIN_PROJECT: &str = "0000000000000000000000000000ad01";

/// Takes such tokens at their word.
#[derive(Debug, Clone, Copy)]
pub struct Tokens;

impl Authenticator for Tokens {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(
            async move { identity(token).map(Arc::new).ok_or_else(|| Fault::unauthorized("The token is not valid.")) },
        )
    }
}

fn identity(token: &str) -> Option<Authenticated> {
    let mut parts = token.split(':');
    let role = parts.next()?;
    let (project, user) = match role {
        "admin" => (parts.next().unwrap_or(ADMIN_PROJECT), parts.next().unwrap_or("admin")),
        "reader" | "member" | "manager" | "service" => (parts.next()?, parts.next().unwrap_or("user")),
        _ => return None,
    };
    // As the identity service does it: each role implies the weaker ones.
    let ladder = ["admin", "manager", "member", "reader"];
    let roles = match ladder.iter().position(|name| *name == role) {
        Some(from) => ladder[from..].iter().map(|name| (*name).to_owned()).collect(),
        None => vec![role.to_owned()],
    };
    Some(Authenticated {
        user_id: user.to_owned(),
        user_name: user.to_owned(),
        user_domain_id: "default".to_owned(),
        user_domain_name: "Default".to_owned(),
        scope: Scope::Project {
            id: project.to_owned(),
            name: project.to_owned(),
            domain_id: "default".to_owned(),
            domain_name: "Default".to_owned(),
            is_domain: false,
        },
        roles: roles.into_iter().map(|name| Role::from((name.clone(), name))).collect(),
        expires_at_us: i64::MAX,
        audit_ids: vec!["audit".to_owned()],
        methods: vec!["password".to_owned()],
    })
}
