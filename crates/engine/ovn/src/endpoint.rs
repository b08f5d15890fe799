//! Where an OVSDB server is reached.

use std::{fmt, io, path::PathBuf, str::FromStr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    net::{TcpStream, UnixStream},
};

use crate::OvnError;

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Gives a stream to a server within the process.
pub type InProcess = Arc<dyn Fn() -> io::Result<DuplexStream> + Send + Sync>;

/// An address.
#[derive(Clone)]
pub enum Endpoint {
    /// `unix:PATH`: a socket in the file system.
    Unix(PathBuf),
    /// `tcp:HOST:PORT`; an IPv6 address stands in brackets.
    Tcp(String),
    /// A server in this process (a simulated one).
    InProcess(InProcess),
}

impl Endpoint {
    /// Opens a stream.
    ///
    /// # Errors
    /// [`OvnError::Connect`] with the address and the cause.
    pub async fn connect(&self) -> Result<Box<dyn Stream>, OvnError> {
        let opened: io::Result<Box<dyn Stream>> = match self {
            Self::Unix(path) => UnixStream::connect(path).await.map(|stream| Box::new(stream) as _),
            Self::Tcp(address) => TcpStream::connect(address).await.and_then(|stream| {
                stream.set_nodelay(true)?;
                Ok(Box::new(stream) as _)
            }),
            Self::InProcess(open) => open().map(|stream| Box::new(stream) as _),
        };
        opened.map_err(|source| OvnError::Connect { endpoint: self.to_string(), source })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::InProcess(_) => f.write_str("in-process"),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Endpoint {
    type Err = OvnError;

    fn from_str(text: &str) -> Result<Self, OvnError> {
        let wrong = || OvnError::Endpoint { found: text.to_owned() };
        match text.split_once(':') {
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("tcp", address)) => {
                let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
                port.parse::<u16>().map_err(|_| wrong())?;
                if host.is_empty() || (host.contains(':') && !host.starts_with('[')) {
                    return Err(wrong());
                }
                Ok(Self::Tcp(address.to_owned()))
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_wrong_ones_are_named() {
        for good in ["unix:/run/ovn/ovnnb_db.sock", "tcp:127.0.0.1:6641", "tcp:[::1]:6641"] {
            assert_eq!(good.parse::<Endpoint>().unwrap().to_string(), good);
        }
        for bad in ["", "unix:", "tcp:host", "tcp::6641", "tcp:host:x", "tcp:::1:6641", "http://host"] {
            assert!(bad.parse::<Endpoint>().unwrap_err().to_string().contains(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn an_unreachable_address_is_named() {
        let error = Endpoint::Unix("/nonexistent/sock".into()).connect().await.err().unwrap();
        assert_eq!(error.to_string(), "cannot connect to the OVSDB server at unix:/nonexistent/sock");
    }
}
