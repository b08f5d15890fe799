//! A client that is none of ours: what any tool with the right files can do.

use std::{net::SocketAddr, path::Path, sync::Arc};

use http_body_util::BodyExt;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Connects with the files in `dir`, or with its CA alone.
pub(crate) async fn connect(dir: &Path, with_certificate: bool, address: SocketAddr) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(dir.join("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = if with_certificate {
        let certificate = CertificateDer::from_pem_file(dir.join("cert.pem")).unwrap();
        config
            .with_client_auth_cert(vec![certificate], PrivateKeyDer::from_pem_file(dir.join("key.pem")).unwrap())
            .unwrap()
    } else {
        config.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(address.ip().into(), stream).await.unwrap()
}

pub(crate) struct Raw {
    connection: SendRequest<String>,
    address: SocketAddr,
}

impl Raw {
    pub(crate) async fn new(dir: &Path, address: SocketAddr) -> Self {
        let stream = connect(dir, true, address).await;
        let (connection, driver) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Self { connection, address }
    }

    /// The status and the JSON of an answer.
    pub(crate) async fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let uri = format!("https://{}{path}", self.address);
        let request = hyper::Request::builder().method(method).uri(uri).body(body).unwrap();
        let response = self.connection.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}
