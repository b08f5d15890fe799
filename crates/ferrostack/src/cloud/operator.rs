//! The APIs as an operator of this process sees them, for `explain`: the same routers, behind a gate that knows one token,
//! which never leaves the process.

use std::sync::Arc;

use anyhow::Context;
use ferrostack_auth::{Authenticated, Scope};
use ferrostack_base::new_hex_id;
use ferrostack_http::{
    AuthFuture, Authenticator, Fault,
    axum::{
        Router,
        body::{Body, to_bytes},
        http::{Request, header},
    },
};
use tower::ServiceExt;

/// Largest answer that is shown, in bytes.
const LARGEST: usize = 1 << 20;

/// Knows the process's own token.
pub(super) struct Token {
    token: String,
    identity: Arc<Authenticated>,
}

impl Token {
    /// A token for this process, good in that project, with every role that the default rules ask an operator for.
    pub(super) fn new(project_id: &str) -> Self {
        let roles = ["admin", "manager", "member", "reader"].map(|role| (role.to_owned(), role.to_owned()).into());
        let identity = Authenticated {
            user_id: "operator".to_owned(),
            user_name: "operator".to_owned(),
            user_domain_id: "default".to_owned(),
            user_domain_name: "Default".to_owned(),
            scope: Scope::Project {
                id: project_id.to_owned(),
                name: "admin".to_owned(),
                domain_id: "default".to_owned(),
                domain_name: "Default".to_owned(),
                is_domain: false,
            },
            roles: roles.into(),
            expires_at_us: i64::MAX,
            audit_ids: Vec::new(),
            methods: Vec::new(),
        };
        Self { token: new_hex_id(), identity: Arc::new(identity) }
    }
}

impl Authenticator for Token {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        let known = (token == self.token).then(|| self.identity.clone());
        Box::pin(async move { known.ok_or_else(|| Fault::unauthorized("not the operator's token")) })
    }
}

/// The operator's way into the APIs.
pub(super) struct Operator {
    pub(super) router: Router,
    pub(super) token: Arc<Token>,
}

impl Operator {
    /// What the API shows at that path.
    ///
    /// # Errors
    /// It is no JSON, or too large.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<serde_json::Value> {
        let request = Request::get(path)
            .header("x-auth-token", &self.token.token)
            .header(header::HOST, "localhost")
            .body(Body::empty())?;
        let answer = self.router.clone().oneshot(request).await?;
        let body = to_bytes(answer.into_body(), LARGEST).await.with_context(|| format!("GET {path}"))?;
        serde_json::from_slice(&body).with_context(|| format!("GET {path}"))
    }
}
