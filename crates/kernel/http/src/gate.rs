//! What stands before every handler.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use ferrostack_auth::{Authenticated, Ctx, Policy, Scope, Target};

use crate::{Access, Fault, RouteInfo, fault::Refusal};

/// What [`Authenticator::authenticate`] returns.
pub type AuthFuture<'a> = Pin<Box<dyn Future<Output = Result<Arc<Authenticated>, Fault>> + Send + 'a>>;

/// Turns a token into an identity; the identity service implements it.
pub trait Authenticator: Send + Sync {
    /// Who that token is.
    ///
    /// # Errors
    /// 401 when it is not valid (any more), 503 when that can't be found out now.
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a>;
}

/// What all services share at their edge.
#[derive(Clone)]
pub struct Gate {
    /// Who checks tokens.
    pub authenticator: Arc<dyn Authenticator>,
    /// The rules.
    pub policy: Arc<Policy>,
}

impl Gate {
    async fn admit(&self, request: &mut Request, info: &Arc<RouteInfo>) -> Result<(), Fault> {
        let Some(mut cx) = request.extensions_mut().remove::<Ctx>() else {
            return Err(Fault::internal("the request has no context"));
        };
        if !(info.versions.0..=info.versions.1).contains(&cx.microversion()) {
            return Err(Fault::missing("The resource could not be found."));
        }
        if info.access != Access::Public {
            let unauthorized = || Fault::unauthorized("This request needs a valid token in X-Auth-Token.");
            let token =
                request.headers().get("x-auth-token").and_then(|value| value.to_str().ok()).ok_or_else(unauthorized)?;
            cx = cx.with_identity(self.authenticator.authenticate(token).await?);
        }
        if let Access::Policy(action) = info.access {
            cx.allow(action, &Own(&cx))?;
        }
        request.extensions_mut().insert(cx);
        request.extensions_mut().insert(info.clone());
        Ok(())
    }
}

/// What is the caller's own, as the target of a rule: a rule that asks for an owner then holds for whoever may own such a
/// thing at all. Identity's rules name their targets `target.user.id` and so on.
struct Own<'a>(&'a Ctx);

impl Own<'_> {
    /// The domain of a domain-scoped token, or that of the token's project.
    fn domain_id(&self) -> Option<&str> {
        match &self.0.identity()?.scope {
            Scope::Project { domain_id, .. } => Some(domain_id),
            Scope::Domain { id, .. } => Some(id),
            Scope::System | Scope::Unscoped => None,
        }
    }
}

impl Target for Own<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "project_id" | "tenant_id" | "target.project.id" => self.0.project_id(),
            "user_id" | "target.user.id" | "target.token.user_id" => self.0.user_id(),
            "domain_id" => self.0.domain_id(),
            _ if key.starts_with("target.") && (key.ends_with(".domain_id") || key == "target.domain.id") => {
                self.domain_id()
            }
            _ => None,
        }
    }
}

/// The middleware of one route.
pub(crate) async fn guard(
    State((gate, info)): State<(Gate, Arc<RouteInfo>)>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(fault) = gate.admit(&mut request, &info).await {
        return fault.into_response();
    }
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return next.run(request).await;
    }
    // A client that hangs up must not stop a change half way.
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => Fault::internal(error).into_response(),
    }
}

/// The refusal inside a response that is not rendered yet.
pub(crate) fn refusal(response: &mut Response) -> Option<Refusal> {
    response.extensions_mut().remove::<Refusal>()
}
