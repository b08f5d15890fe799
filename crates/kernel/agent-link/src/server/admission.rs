//! Who may ask.

use axum::{
    Router,
    extract::{FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    middleware::{Next, from_fn},
    response::IntoResponse,
};
use ferrostack_agent_api::{AgentError, AgentErrorKind};

use super::Refusal;
use crate::tls::{Identity, Role};

/// The holder of the certificate at the other end of the connection. The listener puts it into each request.
#[derive(Debug, Clone)]
pub(crate) struct Peer(pub(crate) Identity);

/// Lets only that role in; without a certificate, such as on a listener without TLS, nobody.
pub(crate) fn only(role: Role, router: Router) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| async move {
        match refusal(role, request.extensions().get::<Peer>()) {
            None => next.run(request).await,
            Some(error) => (StatusCode::FORBIDDEN, Refusal(error).into_response()).into_response(),
        }
    }))
}

fn refusal(role: Role, peer: Option<&Peer>) -> Option<AgentError> {
    let who = match peer {
        Some(Peer(peer)) if peer.role == role => return None,
        Some(Peer(peer)) => {
            tracing::warn!(name = peer.name, role = %peer.role, "refused: only the role {role} may ask here");
            format!("the certificate is that of the {} {}", peer.role, peer.name)
        }
        None => "no certificate was shown".to_owned(),
    };
    let message = format!("{who}, and only the role {role} may ask here");
    Some(AgentError::new(AgentErrorKind::Refused, message))
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let nobody = || Refusal(AgentError::new(AgentErrorKind::Refused, "no certificate was shown"));
        parts.extensions.get::<Self>().cloned().ok_or_else(nobody)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use ferrostack_base::Timestamp;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn only_the_named_role_gets_in() {
        let router = only(Role::Controller, Router::new().route("/", get(|| async { "in" })));
        let peer =
            |role| Peer(Identity { role, name: "a".to_owned(), addresses: Vec::new(), expires: Timestamp::default() });
        let cases = [
            (Some(peer(Role::Controller)), StatusCode::OK),
            (Some(peer(Role::Agent)), StatusCode::FORBIDDEN),
            (None, StatusCode::FORBIDDEN),
        ];
        for (peer, expected) in cases {
            for path in ["/", "/unknown"] {
                let mut request = Request::get(path).body(axum::body::Body::empty()).unwrap();
                if let Some(peer) = &peer {
                    request.extensions_mut().insert(peer.clone());
                }
                let status = router.clone().oneshot(request).await.unwrap().status();
                let there = if path == "/" { expected } else { StatusCode::NOT_FOUND };
                assert_eq!(status, if expected == StatusCode::OK { there } else { expected }, "{peer:?} {path}");
            }
        }
    }
}
