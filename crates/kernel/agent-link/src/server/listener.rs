//! The TLS listener of the management network.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router};
use ferrostack_base::chain;
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::Peer;
use crate::{LinkError, options::Link, tls::Identity};

/// How many handshakes go on at once; more wait.
const HANDSHAKES: usize = 64;
/// How long a handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// Calls of one peer that go on at once.
const CALLS: u32 = 1024;
/// Calls that were given up before they were looked at; more end the connection.
const GIVEN_UP: usize = 10_000;
/// Pause after the system could not accept a connection, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

impl Link {
    /// Opens the port and serves until `stop` is ready; the returned future runs the server.
    ///
    /// # Errors
    /// [`LinkError::Listen`]
    pub async fn serve<S: Future<Output = ()> + Send + 'static>(
        &self,
        address: SocketAddr,
        router: Router,
        stop: S,
    ) -> Result<(SocketAddr, impl Future<Output = ()> + Send + use<S>), LinkError> {
        let failed = |source| LinkError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(|source| LinkError::Listen { address, source })?;
        Ok((bound, self.clone().serve_on(listener, router, stop)))
    }

    /// The same for a port that is open already.
    pub async fn serve_on(
        self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut stop = pin!(stop);
        let stopping = watch::Sender::new(false);
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) => {
                        let link = self.clone();
                        let (router, stopping, handshakes) = (router.clone(), stopping.subscribe(), handshakes.clone());
                        connections.spawn(async move { link.connection(stream, from, router, stopping, &handshakes).await });
                    }
                    Err(error) => {
                        tracing::warn!(reason = %error, "the management network's listener can't accept a connection");
                        self.clock().sleep(PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        stopping.send_replace(true);
        let all = async { while connections.join_next().await.is_some() {} };
        if self.clock().timeout(self.options().stop_patience, all).await.is_err() {
            tracing::info!("connections of the management network are cut, as they do not end");
        }
    }

    async fn connection(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        router: Router,
        stopping: watch::Receiver<bool>,
        handshakes: &Semaphore,
    ) {
        // Taken before the handshake: a change during it must not be missed.
        let changes = self.tls().changes();
        let handshake = async {
            let _turn = handshakes.acquire().await;
            self.handshake(stream).await
        };
        let (stream, peer) = match self.clock().timeout(HANDSHAKE_PATIENCE, handshake).await {
            Ok(Ok(accepted)) => accepted,
            Ok(Err(error)) => {
                tracing::warn!(%from, reason = %error, "a connection to the management network was refused");
                return;
            }
            Err(_) => {
                tracing::debug!(%from, "a connection to the management network never said who it is");
                return;
            }
        };
        tracing::debug!(%from, role = %peer.role, name = peer.name, "connected");
        self.answer(stream, peer, router, stopping, changes).await;
    }

    async fn handshake(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, Identity)> {
        // Keystrokes are small, and wait for nothing.
        stream.set_nodelay(true)?;
        let stream = TlsAcceptor::from(self.tls().server_config()).accept(stream).await?;
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let peer = certificates.first().and_then(Identity::of);
        let nobody = || io::Error::other("its certificate names no controller and no agent");
        Ok((stream, peer.ok_or_else(nobody)?))
    }

    /// Answers requests until the peer goes, this end stops, or one of the two certificates is not what it was: then the
    /// peer may come back on a new connection.
    async fn answer(
        &self,
        stream: TlsStream<TcpStream>,
        peer: Identity,
        router: Router,
        mut stopping: watch::Receiver<bool>,
        mut changes: watch::Receiver<u64>,
    ) {
        let options = self.options();
        let expires = self.clock().sleep(peer.expires.since(self.clock().now()));
        let who = format!("{} {}", peer.role, peer.name);
        let service = TowerToHyperService::new(router.layer(Extension(Peer(peer))));
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(options.ping_every)
            .keep_alive_timeout(options.ping_patience)
            .max_concurrent_streams(CALLS)
            // Callers that give up are usual, and known: no reason to cut the calls beside theirs.
            .max_pending_accept_reset_streams(GIVEN_UP)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = async { tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => {}
                _ = changes.changed() => {}
                () = expires => {}
            } } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(who, reason = %chain(&error), "a connection broke");
        }
    }
}
