//! Streams, each on a connection of its own, so that a slow reader holds up nothing but itself.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    http::{Request, Response, header},
};
use ferrostack_agent_api::{AgentError, ByteStream, ImageData};
use ferrostack_base::chain;
use futures::{Stream, StreamExt, stream::BoxStream};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio_util::io::{ReaderStream, StreamReader};

use super::{
    channel::{accept, uri},
    dial::{Connection, Target, dial},
};
use crate::{options::Link, wire::STREAM_BUFFER};

/// Opens a stream of bytes in both directions.
pub(crate) async fn open_duplex(link: &Link, target: &Target, path: &str) -> Result<Box<dyn ByteStream>, AgentError> {
    // When the connection ends, it drops its end of the pipe, and writing fails.
    let (output, body) = duplex(STREAM_BUFFER);
    let body = Body::from_stream(ReaderStream::with_capacity(body, STREAM_BUFFER));
    let request = Request::post(uri(target, path)).body(body).map_err(|error| target.unreachable(error))?;
    let (response, connection) = send(link, target, request).await?;
    Ok(Box::new(Duplex { input: StreamReader::new(chunks(response)), output, _connection: connection }))
}

/// Opens an image.
pub(crate) async fn open_image(link: &Link, target: &Target, path: &str) -> Result<ImageData, AgentError> {
    let request = Request::get(uri(target, path)).body(Body::empty()).map_err(|error| target.unreachable(error))?;
    let (response, connection) = send(link, target, request).await?;
    let size = response.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let chunks = Chunks { chunks: chunks(response), _connection: connection };
    Ok(ImageData { size, chunks: Box::pin(chunks) })
}

async fn send(
    link: &Link,
    target: &Target,
    request: Request<Body>,
) -> Result<(Response<Incoming>, Connection), AgentError> {
    let mut connection = dial(link, target).await?;
    let answer = async {
        let response = connection.send_request(request).await.map_err(|error| target.unreachable(chain(&error)))?;
        accept(target, response).await
    };
    let patience = link.options().question_patience;
    let late = |_| target.unreachable(format_args!("no answer within {} s", patience.as_secs_f32()));
    let response = link.clock().timeout(patience, answer).await.map_err(late)??;
    Ok((response, connection))
}

fn chunks(response: Response<Incoming>) -> BoxStream<'static, io::Result<Bytes>> {
    BodyDataStream::new(response.into_body()).map(|chunk| chunk.map_err(broken)).boxed()
}

fn broken(error: hyper::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}

/// Data and the connection that it comes over.
struct Chunks {
    chunks: BoxStream<'static, io::Result<Bytes>>,
    _connection: Connection,
}

impl Stream for Chunks {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_next_unpin(cx)
    }
}

/// Both directions and the connection that they go over.
struct Duplex {
    input: StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>,
    output: DuplexStream,
    _connection: Connection,
}

impl AsyncRead for Duplex {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_read(cx, buf)
    }
}

impl AsyncWrite for Duplex {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.output).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_shutdown(cx)
    }
}
