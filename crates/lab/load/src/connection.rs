//! One client's connection: kept open, opened again when the server closed it.

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What came back, read to its end.
pub(crate) struct Answer {
    /// The status
    pub(crate) status: StatusCode,
    /// The whole body
    pub(crate) body: Bytes,
}

/// A connection to one server; not opened before the first request.
pub(crate) struct Connection {
    authority: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// A connection to `authority`, which is `host:port`.
    pub(crate) fn new(authority: &str) -> Self {
        Self { authority: authority.to_owned(), sender: None }
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// When the connection cannot be made or breaks before the answer is read; the next call opens a new one.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let mut sender = match self.kept().await {
            Some(kept) => kept,
            None => self.open().await?,
        };
        let answer = sender.send_request(request).await.context("no answer")?;
        let status = answer.status();
        let body = answer.into_body().collect().await.context("the answer broke off")?.to_bytes();
        self.sender = Some(sender);
        Ok(Answer { status, body })
    }

    async fn kept(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let mut kept = self.sender.take()?;
        kept.ready().await.is_ok().then_some(kept)
    }

    async fn open(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.authority)
            .await
            .with_context(|| format!("cannot connect to {}", self.authority))?;
        stream.set_nodelay(true)?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; what broke it is reported by the request that was under way.
        tokio::spawn(driver);
        Ok(sender)
    }
}
