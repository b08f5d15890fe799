//! What stands before every handler.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use ferrostack_auth::{Authenticated, Ctx, Policy};

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
            let unauthorized = || Fault::unauthorized("The request you have made requires authentication.");
            let token = request.headers().get("x-auth-token").and_then(|value| value.to_str().ok()).ok_or_else(unauthorized)?;
            cx = cx.with_identity(self.authenticator.authenticate(token).await?);
        }
        if let Access::Policy(action) = info.access {
            let own = [
                ("project_id", cx.project_id()),
                ("tenant_id", cx.project_id()),
                ("user_id", cx.user_id()),
                ("domain_id", cx.domain_id()),
            ];
            cx.allow(action, &own)?;
        }
        request.extensions_mut().insert(cx);
        request.extensions_mut().insert(info.clone());
        Ok(())
    }
}

/// The middleware of one route.
pub(crate) async fn guard(State((gate, info)): State<(Gate, Arc<RouteInfo>)>, mut request: Request, next: Next) -> Response {
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
