//! Consoles of guests, as streams of bytes.

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

/// Which console of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsoleKind {
    /// The screen, in the RFB protocol (RFC 6143), without authentication: whoever passes the bytes on has checked the user.
    Vnc,
    /// The first serial port: raw bytes.
    Serial,
}

/// A connection to a console.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}
