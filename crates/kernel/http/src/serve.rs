//! The listener.

use std::{future::Future, net::SocketAddr};

use axum::Router;
use tokio::net::TcpListener;

use crate::explain::Explaining;

/// The listener could not be opened or broke.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can't be had.
    #[error("can't listen on {address}: {}", hint(source))]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Accepting connections failed.
    #[error("the listener broke")]
    Broken(#[source] std::io::Error),
}

fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another program uses this port; stop it or choose another one with --listen or api.listen"
        }
        std::io::ErrorKind::PermissionDenied => "ports below 1024 need root",
        std::io::ErrorKind::AddrNotAvailable => "no interface of this machine has that address",
        _ => "the system refused",
    }
}

/// Opens the port and serves until `stop` is ready; connections that are busy then are finished. The returned future runs
/// the server; the port is open once this function has returned.
///
/// # Errors
/// [`ServeError::Listen`] with a hint at the cure.
pub async fn serve(
    address: SocketAddr,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(SocketAddr, impl Future<Output = Result<(), ServeError>>), ServeError> {
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    let bound = listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
    Ok((bound, run(listener, router, stop)))
}

/// The same for a port that is open already.
///
/// # Errors
/// [`ServeError::Broken`] when the runtime does not take it.
pub fn serve_on(
    listener: std::net::TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<impl Future<Output = Result<(), ServeError>>, ServeError> {
    listener.set_nonblocking(true).map_err(ServeError::Broken)?;
    let listener = TcpListener::from_std(listener).map_err(ServeError::Broken)?;
    Ok(run(listener, router, stop))
}

async fn run(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    axum::serve(Explaining(listener), router).with_graceful_shutdown(stop).await.map_err(ServeError::Broken)
}
