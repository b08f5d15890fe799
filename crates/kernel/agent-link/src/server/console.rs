//! Consoles as they cross the network: one request whose body flows to the guest while the answer's flows back.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    response::Response,
};
use ferrostack_agent_api::ByteStream;
use futures::{Stream, StreamExt};
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf, copy, split};
use tokio_util::{
    io::{ReaderStream, StreamReader},
    task::AbortOnDropHandle,
};
use uuid::Uuid;

use super::{Refusal, routes::Node};
use crate::wire;

type Console = Box<dyn ByteStream>;

pub(super) async fn open(
    State(node): State<Node>,
    Path((server, console)): Path<(Uuid, String)>,
    body: Body,
) -> Result<Response, Refusal> {
    let kind = wire::console_kind(&console);
    let kind = kind.ok_or_else(|| Refusal::new(format!("{console:?} is no console that is known here")))?;
    let (from_guest, to_guest) = split(node.open_console(server, kind).await?);
    Ok(Response::new(Body::from_stream(Output {
        bytes: ReaderStream::with_capacity(from_guest, wire::STREAM_BUFFER),
        _input: AbortOnDropHandle::new(tokio::spawn(feed(body, to_guest))),
    })))
}

/// What the guest says. When nobody listens any more, or the guest is gone, nothing is fed to it either.
struct Output {
    bytes: ReaderStream<ReadHalf<Console>>,
    _input: AbortOnDropHandle<()>,
}

impl Stream for Output {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.bytes.poll_next_unpin(cx)
    }
}

async fn feed(body: Body, mut to_guest: WriteHalf<Console>) {
    let mut input = StreamReader::new(body.into_data_stream().map(|chunk| chunk.map_err(io::Error::other)));
    if let Err(error) = copy(&mut input, &mut to_guest).await {
        tracing::debug!(reason = %error, "a console's input ended");
    }
    let _ = to_guest.shutdown().await;
}
