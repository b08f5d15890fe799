//! What an agent answers to controllers.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post, put},
};
use ferrostack_agent_api::{Agent, DomainReport, DomainSpec, EngineFacts, EngineObject, NodeFacts, OneShot};
use ferrostack_base::Fence;
use serde::Deserialize;
use uuid::Uuid;

use super::{Body, Refusal, console, fallback, only};
use crate::tls::Role;

pub(super) type Node = Arc<dyn Agent>;

/// The routes by which an agent is reached; serve them with [`Link::serve`](crate::Link::serve). Only controllers get in.
pub fn agent_routes(agent: Arc<dyn Agent>) -> Router {
    let routes = Router::new()
        .route("/v1/facts", get(facts))
        .route("/v1/engines", get(engines))
        .route("/v1/domains", get(domains))
        .route("/v1/domains/{server}", put(put_domain).delete(drop_domain))
        .route("/v1/domains/{server}/console-log", get(console_log))
        .route("/v1/domains/{server}/consoles/{console}", post(console::open))
        .route("/v1/domains/{server}/engine-objects", get(explain))
        .route("/v1/one-shots", post(one_shot))
        .fallback(fallback)
        .method_not_allowed_fallback(fallback)
        .with_state(agent);
    only(Role::Controller, routes)
}

async fn facts(State(node): State<Node>) -> Result<Json<NodeFacts>, Refusal> {
    Ok(Json(node.facts().await?))
}

async fn engines(State(node): State<Node>) -> Result<Json<Vec<EngineFacts>>, Refusal> {
    Ok(Json(node.engines().await?))
}

async fn domains(State(node): State<Node>) -> Result<Json<Vec<DomainReport>>, Refusal> {
    Ok(Json(node.domains().await?))
}

async fn put_domain(
    State(node): State<Node>,
    Path(server): Path<Uuid>,
    Body(spec): Body<DomainSpec>,
) -> Result<Json<DomainReport>, Refusal> {
    if spec.server != server {
        return Err(Refusal::new(format!("the domain of server {} was put at that of server {server}", spec.server)));
    }
    Ok(Json(node.put_domain(&spec).await?))
}

#[derive(Deserialize)]
struct DropQuery {
    fence: Fence,
}

async fn drop_domain(
    State(node): State<Node>,
    Path(server): Path<Uuid>,
    Query(DropQuery { fence }): Query<DropQuery>,
) -> Result<StatusCode, Refusal> {
    node.drop_domain(server, fence).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one_shot(State(node): State<Node>, Body(shot): Body<OneShot>) -> Result<Json<DomainReport>, Refusal> {
    Ok(Json(node.one_shot(&shot).await?))
}

#[derive(Deserialize)]
struct LogQuery {
    lines: Option<usize>,
}

async fn console_log(
    State(node): State<Node>,
    Path(server): Path<Uuid>,
    Query(LogQuery { lines }): Query<LogQuery>,
) -> Result<String, Refusal> {
    Ok(node.console_log(server, lines).await?)
}

async fn explain(State(node): State<Node>, Path(server): Path<Uuid>) -> Result<Json<Vec<EngineObject>>, Refusal> {
    Ok(Json(node.explain(server).await?))
}
