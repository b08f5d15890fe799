//! Byte streams over WebSocket (RFC 6455), for consoles: bytes in binary messages, both ways.
//!
//! # Theory of operation
//! Each direction holds one message at a time and waits until the other side has taken it, so a slow client slows its
//! console down and fills no memory. A ping goes out whenever the console was silent for a while: it keeps proxies on the
//! way from closing the connection, and finds clients that are gone. What waits, waits on the [`Clock`].

use std::{future::Future, time::Duration};

use axum::{
    extract::{
        FromRequestParts, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    http::request::Parts,
    response::Response,
};
use bytes::Bytes;
use ferrostack_base::Clock;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::Fault;

/// Most bytes of one message to the client.
const CHUNK: usize = 32 << 10;
/// Longest message of a client; consoles send short ones.
const LONGEST: usize = 1 << 20;
/// After so long without bytes for the client it gets a ping.
const SILENCE: Duration = Duration::from_secs(30);
/// A client has so long to take the last message.
const FAREWELL: Duration = Duration::from_secs(2);

/// A request that wants to become a WebSocket. Taken from any other request it is 400.
pub struct Upgrade(WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        upgrade.map(Self).map_err(|error| Fault::bad_request(format!("This address is a WebSocket: {error}.")))
    }
}

impl Upgrade {
    /// Answers with the upgrade, agreeing to the subprotocol `binary` if the client offers it, then serves the connection.
    pub fn tunnel<F, Fut>(self, serve: F) -> Response
    where
        F: FnOnce(Tunnel) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let upgrade = self.0.protocols(["binary"]).max_message_size(LONGEST).max_frame_size(LONGEST);
        upgrade.on_upgrade(move |socket| serve(Tunnel(socket)))
    }
}

/// An open connection to a client.
pub struct Tunnel(WebSocket);

impl Tunnel {
    /// Passes bytes between the client and `stream` until one of them is done, or `ended` is; then the client is told what
    /// that returns.
    pub async fn pump(
        self,
        stream: impl AsyncRead + AsyncWrite,
        clock: &Clock,
        ended: impl Future<Output = &'static str>,
    ) {
        let (mut to_client, mut from_client) = self.0.split();
        let (mut from_stream, mut to_stream) = tokio::io::split(stream);
        let (code, reason) = {
            let inward = async {
                while let Some(Ok(message)) = from_client.next().await {
                    let bytes: Bytes = match message {
                        Message::Binary(bytes) => bytes,
                        Message::Text(text) => text.into(),
                        Message::Ping(_) | Message::Pong(_) => continue,
                        Message::Close(_) => break,
                    };
                    if to_stream.write_all(&bytes).await.is_err() || to_stream.flush().await.is_err() {
                        break;
                    }
                }
            };
            let outward = async {
                let mut buffer = vec![0; CHUNK];
                loop {
                    let message = match clock.timeout(SILENCE, from_stream.read(&mut buffer)).await {
                        Err(_) => Message::Ping(Bytes::new()),
                        Ok(Ok(0) | Err(_)) => break,
                        Ok(Ok(length)) => Message::Binary(Bytes::copy_from_slice(&buffer[..length])),
                    };
                    if to_client.send(message).await.is_err() {
                        break;
                    }
                }
            };
            tokio::select! {
                () = inward => (close_code::NORMAL, ""),
                () = outward => (close_code::NORMAL, "the console was closed"),
                reason = ended => (close_code::POLICY, reason),
            }
        };
        let farewell = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let _ = clock.timeout(FAREWELL, to_client.send(farewell)).await;
    }
}
