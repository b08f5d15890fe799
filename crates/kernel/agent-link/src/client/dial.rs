//! One connection: TCP, TLS, HTTP/2.

use std::{error::Error, fmt, io, net::IpAddr};

use axum::body::Body;
use ferrostack_agent_api::{AgentError, AgentErrorKind};
use ferrostack_base::chain;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{AlertDescription, CertificateError, pki_types::ServerName};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{
    options::Link,
    tls::{Expected, Role, Stranger},
};

/// How much may be on its way towards us on one stream before it is read, in bytes.
const WINDOW: u32 = 1 << 20;

/// Whom to dial, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `host:port`
    pub(crate) authority: String,
    /// Who must answer there.
    pub(crate) expected: Expected,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.expected.name, self.expected.role) {
            (Some(name), Role::Agent) => write!(f, "node {name} at {}", self.authority),
            (Some(name), Role::Controller) => write!(f, "controller {name} at {}", self.authority),
            (None, role) => write!(f, "{role} at {}", self.authority),
        }
    }
}

impl Target {
    /// Nothing is known of what it did.
    pub(crate) fn unreachable(&self, reason: impl fmt::Display) -> AgentError {
        AgentError::new(AgentErrorKind::Unreachable, format!("{self} does not answer: {reason}"))
    }
}

/// A connection on which requests can be sent; it closes when the last clone is dropped and the last answer is read.
pub(crate) type Connection = SendRequest<Body>;

/// Connects within the patience of the link, and believes nobody but the expected peer.
///
/// # Errors
/// `Unreachable`, with what helps when it is about certificates.
pub(crate) async fn dial(link: &Link, target: &Target) -> Result<Connection, AgentError> {
    let patience = link.options().connect_patience;
    let late = |_| target.unreachable(format_args!("no connection within {} s", patience.as_secs_f32()));
    let connected = link.clock().timeout(patience, connect(link, target)).await.map_err(late)?;
    connected.map_err(|error| target.unreachable(explain(link, target, &error)))
}

async fn connect(link: &Link, target: &Target) -> io::Result<Connection> {
    let stream = TcpStream::connect(&target.authority).await?;
    // Keystrokes are small, and wait for nothing.
    stream.set_nodelay(true)?;
    // The name goes unsent, as nothing depends on it.
    let name = ServerName::IpAddress(stream.peer_addr().map_or(IpAddr::from([0; 4]), |peer| peer.ip()).into());
    let config = link.tls().client_config(target.expected.clone()).map_err(io::Error::other)?;
    let mut stream = BufReader::new(TlsConnector::from(config).connect(name, stream).await?);
    // In TLS 1.3 the other end judges our certificate last; its first byte says that it took it. Asking earlier would
    // mix up its reasons with a broken connection.
    if stream.fill_buf().await?.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let options = link.options();
    let (connection, driver) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(options.ping_every)
        .keep_alive_timeout(options.ping_patience)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(4 * WINDOW)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let who = target.to_string();
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(who, reason = %chain(&error), "a connection broke");
        }
    });
    Ok(connection)
}

/// Why there is no connection, and what helps.
fn explain(link: &Link, target: &Target, error: &io::Error) -> String {
    let Some(tls) = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) else {
        return chain(error).to_string();
    };
    let (ours, ca) = (link.tls().certificate_path(), link.tls().ca_path());
    let (ours, ca) = (ours.display(), ca.display());
    match tls {
        rustls::Error::InvalidCertificate(theirs) => match theirs {
            CertificateError::ExpiredContext { .. } | CertificateError::Expired => {
                format!("its certificate has expired: issue it again there with `ferrostack init` ({theirs})")
            }
            CertificateError::NotValidYetContext { .. } | CertificateError::NotValidYet => {
                format!("its certificate is not good yet: compare the clocks of both machines ({theirs})")
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                format!("its certificate is not of the CA in {ca}: both ends need bundles of the same CA")
            }
            CertificateError::Other(other) => match other.0.downcast_ref::<Stranger>() {
                Some(stranger) => format!("{stranger}, not that of {}", wanted(&target.expected)),
                None => chain(tls).to_string(),
            },
            _ => format!("its certificate can't be used: {tls}"),
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateExpired => {
                format!("it refuses our certificate {ours}, which has expired: issue it again with `ferrostack init`")
            }
            AlertDescription::UnknownCA | AlertDescription::DecryptError => {
                format!(
                    "it refuses our certificate {ours}, which is of another CA than its own: both ends need bundles of the same CA"
                )
            }
            alert => format!("it refuses our certificate {ours} ({alert:?})"),
        },
        other => chain(other).to_string(),
    }
}

fn wanted(expected: &Expected) -> String {
    match &expected.name {
        Some(name) => format!("the {} {name}", expected.role),
        None => format!("the role {}", expected.role),
    }
}

/// Whether the peer certainly did nothing with the request: it was closing the connection.
pub(crate) fn was_not_taken(error: &hyper::Error) -> bool {
    error.source().and_then(|source| source.downcast_ref::<h2::Error>()).is_some_and(|error| {
        error.reason() == Some(h2::Reason::REFUSED_STREAM)
            || (error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR))
    })
}
