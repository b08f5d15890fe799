//! Bodies and refusals.

use axum::{
    Json,
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use ferrostack_agent_api::{AgentError, AgentErrorKind};
use serde::de::DeserializeOwned;

use crate::wire::{self, LARGEST_REQUEST};

/// A refusal as the answer to a request.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) AgentError);

impl Refusal {
    pub(crate) fn new(message: String) -> Self {
        Self(AgentError::new(AgentErrorKind::Refused, message))
    }
}

impl From<AgentError> for Refusal {
    fn from(error: AgentError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (wire::status(self.0.kind), Json(self.0)).into_response()
    }
}

/// A JSON body of bounded size. What is wrong with it is told without repeating its values, which may be secret.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let bytes = to_bytes(request.into_body(), LARGEST_REQUEST).await;
        let bytes =
            bytes.map_err(|_| Refusal::new(format!("the request is cut or larger than {LARGEST_REQUEST} bytes")))?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self)
            .map_err(|error| Refusal::new(format!("the request is not understood: {}", wire::describe(&error))))
    }
}

/// Answers what no route takes. Not as `NotFound`: a domain may be there although the call is not known.
pub(crate) async fn fallback(method: Method, uri: Uri) -> Response {
    (StatusCode::NOT_FOUND, Json(wire::unknown_call(method.as_str(), uri.path()))).into_response()
}
