//! Says why, when a request is so malformed that no service ever sees it.
//!
//! hyper answers such requests by itself, with a status and no body, and closes. The connection that is handed to hyper
//! recognizes that answer among all others, for no service answers without a request id, and puts a body under it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// The statuses that hyper gives by itself, and what they mean here.
const STATUSES: [(&str, &str); 3] = [
    (
        "400 Bad Request",
        "This is no HTTP request that can be read: its first line or one of its headers is malformed. A content-length header must be an integer.",
    ),
    ("414 URI Too Long", "The address of the request is too long."),
    ("431 Request Header Fields Too Large", "The headers of the request are too large."),
];

/// Headers of hyper's own answer, up to the date.
const BARE: &str = "connection: close\r\ncontent-length: 0\r\n";

/// A listener whose connections explain.
pub(crate) struct Explaining(pub(crate) TcpListener);

impl Listener for Explaining {
    type Io = Explained<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Answers are small and complete: waiting for more only costs time.
        let _ = stream.set_nodelay(true);
        (Explained { stream, rest: None }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A connection.
pub(crate) struct Explained<S> {
    stream: S,
    /// Our answer in place of hyper's, how much of it is written, and how much of hyper's that stands for.
    rest: Option<(Vec<u8>, usize, usize)>,
}

/// The answer with an explanation, if `answer` is one that hyper gave by itself.
fn explained(answer: &[u8]) -> Option<Vec<u8>> {
    // Nearly all answers end here.
    let answer = answer.strip_prefix(b"HTTP/1.1 4")?;
    let answer = std::str::from_utf8(answer).ok()?;
    let (status, why) = STATUSES.iter().find(|(status, _)| answer.strip_prefix(&status[1..]).is_some())?;
    let headers = answer.strip_prefix(&status[1..])?.strip_prefix("\r\n")?.strip_prefix(BARE)?;
    let date = headers.strip_suffix("\r\n\r\n")?;
    if date.contains('\n') {
        return None;
    }
    let (code, title) = status.split_once(' ')?;
    let code: u16 = code.parse().ok()?;
    let body = serde_json::json!({"error": {"code": code, "title": title, "message": why}}).to_string();
    let head = "connection: close\r\ncontent-type: application/json\r\ncontent-length";
    Some(format!("HTTP/1.1 {status}\r\n{head}: {}\r\n{date}\r\n\r\n{body}", body.len()).into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> Explained<S> {
    /// Writes what is left of our own answer; how many bytes of hyper's were meant.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some((ours, written, meant)) = &mut self.rest else { return Poll::Ready(Ok(0)) };
        while let Some(left) = ours.get(*written..).filter(|left| !left.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *written += count,
            }
        }
        let meant = *meant;
        self.rest = None;
        Poll::Ready(Ok(meant))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.rest.is_none() {
            match explained(bytes) {
                None => return Pin::new(&mut self.stream).poll_write(cx, bytes),
                Some(ours) => self.rest = Some((ours, 0, bytes.len())),
            }
        }
        self.poll_rest(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match parts {
            // An answer without a body is one part.
            [one] => self.poll_write(cx, one),
            _ if self.rest.is_some() => self.poll_rest(cx),
            _ => Pin::new(&mut self.stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_of_hypers_own_are_touched() {
        let date = "date: Fri, 20 Nov 2026 19:03:50 GMT\r\n\r\n";
        let ours = explained(format!("HTTP/1.1 400 Bad Request\r\n{BARE}{date}").as_bytes()).unwrap();
        let ours = String::from_utf8(ours).unwrap();
        let (head, body) = ours.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())) && head.ends_with("GMT"), "{head}");
        assert!(body.contains(r#""code":400"#), "{body}");
        for other in [
            format!("HTTP/1.1 400 Bad Request\r\nx-openstack-request-id: req-1\r\n{BARE}{date}"),
            format!("HTTP/1.1 400 Bad Request\r\n{BARE}x-a: b\r\n{date}"),
            format!("HTTP/1.1 404 Not Found\r\n{BARE}{date}"),
            format!("HTTP/1.1 200 OK\r\n{BARE}{date}"),
            "HTTP/1.1 4".to_owned(),
        ] {
            assert_eq!(explained(other.as_bytes()), None, "{other}");
        }
    }
}
