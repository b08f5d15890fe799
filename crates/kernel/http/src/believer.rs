//! For test suites that bring no identity service.

use std::{net::SocketAddr, sync::Arc};

use axum::{extract::Request, http::HeaderValue};
use ferrostack_auth::{Authenticated, Scope};

use crate::{AuthFuture, Authenticator};

/// The project that means the system as a whole.
const SYSTEM: &str = "*";

/// Believes every token as it stands: `USER[:PROJECT[:ROLE,ROLE...]]`. The user `admin` is administrator and service;
/// without a project, it is named like the user; the project `*` is the system. Only where nobody else can reach it: on a
/// loopback address.
#[derive(Debug)]
pub struct Believer(());

/// Others could reach that address.
#[derive(Debug, thiserror::Error)]
#[error("everybody would be admitted at {0}: only a loopback address may serve without authentication")]
pub struct NotLoopback(SocketAddr);

impl Believer {
    /// One for a listener at that address.
    ///
    /// # Errors
    /// [`NotLoopback`].
    pub fn at(address: SocketAddr) -> Result<Self, NotLoopback> {
        if address.ip().is_loopback() { Ok(Self(())) } else { Err(NotLoopback(address)) }
    }

    /// Writes into the token what suites say of the caller in headers: `X-Roles`, `X-Project-Id`,
    /// `OpenStack-System-Scope`. To be layered around the router: `map_request(Believer::told)`.
    pub async fn told(mut request: Request) -> Request {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let token = text("x-auth-token").unwrap_or_default();
        let (user, project) = token.split_once(':').unwrap_or((token, token));
        let project = match (text("openstack-system-scope"), text("x-project-id")) {
            (Some(_), _) => SYSTEM,
            (None, told) => told.unwrap_or(project),
        };
        let told = text("x-roles").map(|roles| HeaderValue::from_str(&format!("{user}:{project}:{roles}")));
        if let Some(Ok(token)) = told {
            request.headers_mut().insert("x-auth-token", token);
        }
        request
    }
}

impl Authenticator for Believer {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            let mut parts = token.splitn(3, ':');
            let user = parts.next().unwrap_or_default();
            let project = parts.next().filter(|project| !project.is_empty()).unwrap_or(user);
            let given = parts.next().unwrap_or_default();
            let roles = if given.is_empty() && user == "admin" { "admin,service" } else { given };
            let scope = match project {
                SYSTEM => Scope::System,
                project => Scope::Project {
                    id: project.to_owned(),
                    name: project.to_owned(),
                    domain_id: "default".to_owned(),
                    domain_name: "Default".to_owned(),
                    is_domain: false,
                },
            };
            Ok(Arc::new(Authenticated {
                user_id: user.to_owned(),
                user_name: user.to_owned(),
                user_domain_id: "default".to_owned(),
                user_domain_name: "Default".to_owned(),
                scope,
                roles: roles
                    .split(',')
                    .filter(|name| !name.is_empty())
                    .map(|name| (name.to_owned(), name.to_owned()).into())
                    .collect(),
                expires_at_us: i64::MAX,
                audit_ids: Vec::new(),
                methods: vec!["token".to_owned()],
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tokens_say_who_they_are() {
        let believer = Believer::at("127.0.0.1:0".parse().unwrap()).unwrap();
        let names = async |token: &str| {
            let who = believer.authenticate(token).await.unwrap();
            let Scope::Project { id, .. } = &who.scope else { return (String::new(), String::new(), 0) };
            (who.user_id.clone(), id.clone(), who.roles.len())
        };
        assert_eq!(names("admin").await, ("admin".to_owned(), "admin".to_owned(), 2));
        assert_eq!(names("anna:blue").await, ("anna".to_owned(), "blue".to_owned(), 0));
        assert_eq!(names("anna:blue:reader,member").await.2, 2);
    }

    #[tokio::test]
    async fn headers_add_to_what_the_token_says() {
        let told = async |headers: &[(&'static str, &'static str)]| {
            let mut request = Request::new(axum::body::Body::empty());
            for (name, value) in headers {
                request.headers_mut().insert(*name, HeaderValue::from_static(value));
            }
            Believer::told(request).await.headers()["x-auth-token"].to_str().unwrap().to_owned()
        };
        assert_eq!(told(&[("x-auth-token", "anna:blue")]).await, "anna:blue");
        assert_eq!(told(&[("x-auth-token", "anna"), ("x-roles", "reader")]).await, "anna:anna:reader");
        let reader = [("x-auth-token", "anna"), ("x-roles", "reader"), ("x-project-id", "red")];
        assert_eq!(told(&reader).await, "anna:red:reader");
        let system = [("x-auth-token", "anna"), ("x-roles", "admin"), ("openstack-system-scope", "all")];
        assert_eq!(told(&system).await, "anna:*:admin");
    }

    #[test]
    fn nobody_else_may_reach_it() {
        for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
            assert!(Believer::at(address.parse().unwrap()).is_err(), "{address}");
        }
    }
}
