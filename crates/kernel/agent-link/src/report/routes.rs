//! What a controller answers to agents.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body as ResponseBody,
    extract::{Path, State},
    http::header,
    response::Response,
    routing::{get, post},
};
use ferrostack_agent_api::{ImageSource, VERSION};
use uuid::Uuid;

use crate::{
    client::Directory,
    server::{Body, Peer, Refusal, fallback, only},
    tls::Role,
    wire::{NodeReport, ReportAnswer},
};

#[derive(Clone)]
struct Controller {
    directory: Directory,
    images: Arc<dyn ImageSource>,
}

/// The routes by which a controller is reached from nodes: reports, and images. Serve them with
/// [`Link::serve`](crate::Link::serve) on the management network. Only agents get in.
pub fn management(directory: Directory, images: Arc<dyn ImageSource>) -> Router {
    let routes = Router::new()
        .route("/v1/reports", post(take_report))
        .route("/v1/images/{image}", get(give_image))
        .fallback(fallback)
        .method_not_allowed_fallback(fallback)
        .with_state(Controller { directory, images });
    only(Role::Agent, routes)
}

async fn take_report(
    State(controller): State<Controller>,
    Peer(peer): Peer,
    Body(report): Body<NodeReport>,
) -> Result<Json<ReportAnswer>, Refusal> {
    controller.directory.take_report(&peer.name, report).await?;
    Ok(Json(ReportAnswer { version: VERSION }))
}

async fn give_image(
    State(controller): State<Controller>,
    Peer(peer): Peer,
    Path(image): Path<Uuid>,
) -> Result<Response, Refusal> {
    let data = controller.images.open(image).await?;
    tracing::info!(%image, node = peer.name, size = data.size, "the node fetches the image");
    let mut response = Response::new(ResponseBody::from_stream(data.chunks));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/octet-stream"));
    if let Some(size) = data.size {
        headers.insert(header::CONTENT_LENGTH, size.into());
    }
    Ok(response)
}
