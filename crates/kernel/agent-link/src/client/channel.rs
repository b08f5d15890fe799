//! Calls to one peer over one connection, which is made when it is needed and made anew when it broke.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{Method, Request, Response, StatusCode, header},
};
use ferrostack_agent_api::{AgentError, AgentErrorKind};
use ferrostack_base::chain;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::dial::{Connection, Target, dial, was_not_taken};
use crate::{
    options::Link,
    wire::{self, LARGEST_ANSWER, LARGEST_REQUEST},
};

/// A peer. Clones share the connection.
#[derive(Clone)]
pub(crate) struct Channel(Arc<Inner>);

struct Inner {
    link: Link,
    target: Target,
    line: Mutex<Line>,
}

/// The state of the connection.
#[derive(Clone)]
enum Line {
    Closed,
    /// All who want to say something wait for the same attempt, so that a dead peer holds everybody up only once.
    Opening(Shared<BoxFuture<'static, Result<Open, AgentError>>>),
    Open(Open),
}

#[derive(Clone)]
struct Open {
    connection: Connection,
    /// How often our certificate had changed when it was opened.
    certificate: u64,
}

/// A call.
pub(crate) struct Question {
    /// The method.
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    /// JSON.
    pub(crate) body: Option<Bytes>,
    /// How long it may take; none = as long as the peer lives.
    pub(crate) patience: Option<Duration>,
}

impl Question {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, patience: None }
    }

    pub(crate) fn with_body(
        method: Method,
        path: impl Into<String>,
        body: &impl serde::Serialize,
    ) -> Result<Self, AgentError> {
        let failed = |error| AgentError::new(AgentErrorKind::Refused, format!("the request has no JSON form: {error}"));
        let body = serde_json::to_vec(body).map_err(failed)?;
        if body.len() > LARGEST_REQUEST {
            let message = format!("the request has {} bytes, and at most {LARGEST_REQUEST} are taken", body.len());
            return Err(AgentError::new(AgentErrorKind::Refused, message));
        }
        Ok(Self { method, path: path.into(), body: Some(body.into()), patience: None })
    }

    pub(crate) fn within(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }
}

impl Channel {
    pub(crate) fn new(link: Link, target: Target) -> Self {
        Self(Arc::new(Inner { link, target, line: Mutex::new(Line::Closed) }))
    }

    pub(crate) fn link(&self) -> &Link {
        &self.0.link
    }

    pub(crate) fn target(&self) -> &Target {
        &self.0.target
    }

    /// Asks, and reads the answer as JSON.
    pub(crate) async fn ask<A: DeserializeOwned>(&self, question: Question) -> Result<A, AgentError> {
        let answer = self.ask_bytes(question).await?;
        // The peer did something, and what is not known.
        let garbled = |error: serde_json::Error| {
            self.0.target.unreachable(format_args!("its answer is not understood: {}", wire::describe(&error)))
        };
        serde_json::from_slice(&answer).map_err(garbled)
    }

    /// Asks, and gives the answer's bytes.
    pub(crate) async fn ask_bytes(&self, question: Question) -> Result<Bytes, AgentError> {
        let patience = question.patience;
        let answer = async {
            let response = self.send(question).await?;
            self.accepted(response).await
        };
        match patience {
            None => answer.await,
            Some(patience) => {
                let late = |_| self.0.target.unreachable(format_args!("no answer within {} s", patience.as_secs_f32()));
                self.0.link.clock().timeout(patience, answer).await.map_err(late)?
            }
        }
    }

    async fn accepted(&self, response: Response<Incoming>) -> Result<Bytes, AgentError> {
        let status = response.status();
        let body = collect(&self.0.target, response).await?;
        if status.is_success() { Ok(body) } else { Err(wire::refusal(&self.0.target.to_string(), status, &body)) }
    }

    async fn send(&self, question: Question) -> Result<Response<Incoming>, AgentError> {
        let mut again = true;
        loop {
            let mut open = self.open().await?;
            let request = request(&self.0.target, &question)?;
            let error = match open.connection.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            // A connection that stood idle may have been closed by the peer meanwhile; that is no reason to give up.
            let untouched = error.message().is_some() || was_not_taken(error.error());
            if !(untouched && again) {
                return Err(self.0.target.unreachable(chain(error.error())));
            }
            again = false;
            self.close();
        }
    }

    /// The connection, made anew when there is none, it broke, or our certificate changed.
    async fn open(&self) -> Result<Open, AgentError> {
        let attempt = {
            let mut line = self.line();
            let certificate = *self.0.link.tls().changes().borrow();
            match &*line {
                Line::Open(open) if !open.connection.is_closed() && open.certificate == certificate => {
                    return Ok(open.clone());
                }
                Line::Opening(attempt) => attempt.clone(),
                Line::Open(_) | Line::Closed => {
                    let attempt = self.attempt(certificate);
                    *line = Line::Opening(attempt.clone());
                    attempt
                }
            }
        };
        attempt.await
    }

    /// Connects in a task of its own: whoever began it may give up before the others do.
    fn attempt(&self, certificate: u64) -> Shared<BoxFuture<'static, Result<Open, AgentError>>> {
        let channel = self.clone();
        let attempt = tokio::spawn(async move {
            let dialed = dial(&channel.0.link, &channel.0.target).await;
            let opened = dialed.map(|connection| Open { connection, certificate });
            *channel.line() = match &opened {
                Ok(open) => Line::Open(open.clone()),
                Err(_) => Line::Closed,
            };
            opened
        });
        let target = self.0.target.clone();
        attempt.map(move |ended| ended.unwrap_or_else(|panic| Err(target.unreachable(panic)))).boxed().shared()
    }

    fn close(&self) {
        let mut line = self.line();
        if matches!(*line, Line::Open(_)) {
            *line = Line::Closed;
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request(target: &Target, question: &Question) -> Result<Request<Body>, AgentError> {
    let Question { method, path, body, .. } = question;
    let mut builder = Request::builder().method(method).uri(uri(target, path));
    if body.is_some() {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    builder.body(body.clone().map_or_else(Body::empty, Body::from)).map_err(|error| target.unreachable(error))
}

/// The absolute URI, as HTTP/2 wants it.
pub(super) fn uri(target: &Target, path: &str) -> String {
    format!("https://{}{path}", target.authority)
}

/// The whole body of an answer, bounded.
pub(super) async fn collect(target: &Target, response: Response<Incoming>) -> Result<Bytes, AgentError> {
    let read = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
    read.map(|body| body.to_bytes()).map_err(|error| target.unreachable(chain(&*error)))
}

/// The answer to a request on a connection of its own; a failure status becomes what it means.
pub(super) async fn accept(target: &Target, response: Response<Incoming>) -> Result<Response<Incoming>, AgentError> {
    let status: StatusCode = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = collect(target, response).await?;
    Err(wire::refusal(&target.to_string(), status, &body))
}
