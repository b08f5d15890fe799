//! Passes guests' requests for metadata on to the controller, with who asks.
//!
//! Guests are not to be trusted: connections, bodies, answers and times are bounded, and whatever they say of who they
//! are is dropped.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use ferrostack_base::Clock;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};
use uuid::Uuid;

use super::signature::{ADDRESS, NETWORK, SIGNATURE, sign};
use crate::{MetadataOptions, StartError};

/// Connections of one network at a time.
const CONNECTIONS: usize = 128;
/// The longest body of a request: an encrypted password.
const REQUEST: usize = 64 << 10;
/// The longest answer: user data, with room for vendor data.
const ANSWER: usize = 16 << 20;
/// For a request's header.
const HEADER: Duration = Duration::from_secs(15);
/// For the controller's answer.
const CONTROLLER: Duration = Duration::from_secs(20);
/// For a whole connection.
const CONNECTION: Duration = Duration::from_secs(120);

/// Of one connection only (RFC 9110 section 7.6.1), or said anew by whoever sends.
const HOPS: [HeaderName; 9] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::HOST,
];
/// Headers by which a guest could claim to be another one.
const CLAIMS: [&str; 7] =
    ["x-forwarded", "forwarded", "x-ovn-", "x-instance-", "x-tenant-", "x-metadata-", "x-neutron-"];

/// Passes requests on.
pub(super) struct Proxy {
    options: MetadataOptions,
    client: reqwest::Client,
    clock: Clock,
}

impl Proxy {
    pub(super) fn new(options: &MetadataOptions, clock: Clock) -> Result<Self, StartError> {
        // A proxy from the environment is for the world outside, and a redirection is the guest's to follow.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.timeout(CONTROLLER).build();
        let client = client.map_err(StartError::HttpClient)?;
        Ok(Self { options: options.clone(), client, clock })
    }

    /// Answers the guests of a network for as long as it is not aborted.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener, network: Uuid) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of files, or the guest went away: neither may become a busy loop.
                    tracing::debug!(%network, %error, "a guest's connection could not be accepted");
                    self.clock.sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let proxy = self.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| async {
                    Ok::<_, Infallible>(proxy.answer(request, network, peer.ip()).await)
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER)
                    .serve_connection(TokioIo::new(stream), service);
                let _ = proxy.clock.timeout(CONNECTION, connection).await;
                drop(place);
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>, network: Uuid, guest: IpAddr) -> Response<Full<Bytes>> {
        let answered = self.pass_on(request, network, guest.to_canonical()).await;
        answered.unwrap_or_else(|status| {
            let reason = status.canonical_reason().unwrap_or_default();
            let mut response = Response::new(Full::from(format!("{} {reason}\n", status.as_u16())));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            response
        })
    }

    async fn pass_on(
        &self,
        request: Request<Incoming>,
        network: Uuid,
        guest: IpAddr,
    ) -> Result<Response<Full<Bytes>>, StatusCode> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        if !path.starts_with('/') {
            return Err(StatusCode::BAD_REQUEST);
        }
        let url = format!("{}{path}", self.options.url.trim_end_matches('/'));
        let body = Limited::new(body, REQUEST).collect().await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
        let mut headers = passed_on(&head.headers);
        let signature = sign(&self.options.shared_secret, network, guest).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        for (name, value) in [(ADDRESS, guest.to_string()), (NETWORK, network.to_string()), (SIGNATURE, signature)] {
            let value = HeaderValue::from_str(&value).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let asked = self.client.request(head.method, url).headers(headers).body(body).send().await;
        let mut response = asked.map_err(|error| {
            tracing::warn!(%network, %guest, error = %ferrostack_base::chain(&error), "the metadata service does not answer");
            // Guests ask again.
            StatusCode::SERVICE_UNAVAILABLE
        })?;
        let mut answer = Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            *headers = passed_on(response.headers());
        }
        let mut data = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| StatusCode::BAD_GATEWAY)? {
            if data.len() + chunk.len() > ANSWER {
                return Err(StatusCode::BAD_GATEWAY);
            }
            data.extend_from_slice(&chunk);
        }
        answer.body(Full::from(data)).map_err(|_| StatusCode::BAD_GATEWAY)
    }
}

/// The headers that go through.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let claims = |name: &HeaderName| CLAIMS.iter().any(|claim| name.as_str().starts_with(claim));
    // Some servers read `_` as `-`.
    let plain = |name: &HeaderName| !name.as_str().contains('_');
    let through = headers.iter().filter(|(name, _)| !HOPS.contains(name) && !claims(name) && plain(name));
    through.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
#[path = "proxy/tests.rs"]
mod tests;
