//! Whom the dialing end believes.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::identity::{Identity, Role};

/// Who is expected to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// What it must be.
    pub(crate) role: Role,
    /// Its name; none = any of that role.
    pub(crate) name: Option<String>,
}

/// Somebody else answers than was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    #[error("its certificate names no controller and no agent")]
    Nobody,
    #[error("its certificate is that of the {0} {1}")]
    Other(Role, String),
}

/// Takes certificates of our CA for the expected peer, whatever the address is: role and name stand in the certificate.
#[derive(Debug)]
pub(super) struct PeerVerifier {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) expected: Expected,
}

/// Checks a certificate against our CA, and says whose it is.
pub(super) fn verify(
    certificate: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    now: UnixTime,
    roots: &RootCertStore,
    provider: &CryptoProvider,
) -> Result<Identity, Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let algorithms = provider.signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, algorithms)?;
    Identity::of(certificate).ok_or_else(|| stranger(Stranger::Nobody))
}

fn stranger(who: Stranger) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(who))))
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = verify(end_entity, intermediates, now, &self.roots, &self.provider)?;
        let Expected { role, name } = &self.expected;
        if found.role == *role && name.as_ref().is_none_or(|name| *name == found.name) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(stranger(Stranger::Other(found.role, found.name)))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
