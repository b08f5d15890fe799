//! Who this process is for the others, and whom it believes.
//!
//! TLS 1.3 only, both ends show a certificate, sessions are never resumed: every connection is checked against the
//! certificates and the time of now. The files may be replaced at any time: new connections use the new ones, and
//! listeners ask their clients to come back on new connections.

mod authority;
mod bundle;
mod identity;
#[cfg(test)]
mod tests;
mod verifier;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use ferrostack_base::{Clock, Timestamp, chain};
use rustls::{
    CertificateError, ClientConfig, RootCertStore, ServerConfig,
    client::Resumption,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::TimeProvider,
    version::TLS13,
};
use tokio::sync::watch;

pub use authority::{Authority, CertificateRequest};
pub use bundle::Bundle;
pub use identity::{Identity, Role};
pub(crate) use verifier::{Expected, Stranger};

use self::{
    bundle::{ca_path, certificate_path},
    verifier::PeerVerifier,
};
use crate::LinkError;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often the log says that a certificate ends soon.
const WARN_EVERY: Duration = Duration::from_secs(86_400);
/// The only protocol that is spoken: HTTP/2.
const PROTOCOL: &[u8] = b"h2";

/// This process's certificate, and what it is good for. Clones are the same one.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    role: Role,
    clock: Clock,
    current: RwLock<Arc<Current>>,
    changed: watch::Sender<u64>,
}

/// What is in the files now.
struct Current {
    bundle: Bundle,
    identity: Identity,
    roots: Arc<RootCertStore>,
    own: Arc<SingleCertAndKey>,
    server: Arc<ServerConfig>,
}

impl Tls {
    /// Opens the files in `dir` (see [`Bundle`]), which must be good and of that role. Must be called within a tokio
    /// runtime: a task looks at the files from time to time until the last handle is dropped.
    ///
    /// # Errors
    /// [`LinkError`], which names the file and the cure.
    pub fn open(dir: &Path, role: Role, clock: &Clock) -> Result<Self, LinkError> {
        let current = Current::load(dir, role, clock)?;
        let inner = Arc::new(Inner {
            dir: dir.to_owned(),
            role,
            clock: clock.clone(),
            current: RwLock::new(Arc::new(current)),
            changed: watch::Sender::new(0),
        });
        tokio::spawn(look_at_files(Arc::downgrade(&inner), clock.clone()));
        Ok(Self(inner))
    }

    /// Whether the files in `dir` are good for that role; tells what the certificate says.
    ///
    /// # Errors
    /// [`LinkError`], which names the file and the cure.
    pub fn check(dir: &Path, role: Role, clock: &Clock) -> Result<Identity, LinkError> {
        Current::load(dir, role, clock).map(|current| current.identity)
    }

    /// What the certificate says.
    pub fn identity(&self) -> Identity {
        self.current().identity.clone()
    }

    /// Takes up files that were replaced; says whether there were any. What was used before stays in use when they are not
    /// good.
    ///
    /// # Errors
    /// [`LinkError`], which names the file and the cure.
    pub fn reload(&self) -> Result<bool, LinkError> {
        let Inner { dir, role, clock, current, changed } = &*self.0;
        if Bundle::read(dir)? == self.current().bundle {
            return Ok(false);
        }
        let new = Arc::new(Current::load(dir, *role, clock)?);
        *current.write().unwrap_or_else(PoisonError::into_inner) = new;
        changed.send_modify(|generation| *generation += 1);
        Ok(true)
    }

    /// Counts how often the files changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn certificate_path(&self) -> PathBuf {
        certificate_path(&self.0.dir)
    }

    pub(crate) fn ca_path(&self) -> PathBuf {
        ca_path(&self.0.dir)
    }

    /// For listeners.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        self.current().server.clone()
    }

    /// For dialing.
    pub(crate) fn client_config(&self, expected: Expected) -> Result<Arc<ClientConfig>, rustls::Error> {
        let current = self.current();
        let provider = Arc::new(ring::default_provider());
        let verifier = PeerVerifier { roots: current.roots.clone(), provider: provider.clone(), expected };
        let time = Arc::new(ClockTime(self.0.clock.clone()));
        let mut config = ClientConfig::builder_with_details(provider, time)
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(current.own.clone());
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    fn current(&self) -> Arc<Current> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("dir", &self.0.dir).field("role", &self.0.role).finish_non_exhaustive()
    }
}

impl Current {
    fn load(dir: &Path, role: Role, clock: &Clock) -> Result<Self, LinkError> {
        let bundle = Bundle::read(dir)?;
        let (path, ca) = (certificate_path(dir), ca_path(dir));
        let tls = |source| LinkError::Tls { path: path.clone(), source };
        let chain = certificates(&bundle.certificate, &path)?;
        let mut roots = RootCertStore::empty();
        for root in certificates(&bundle.ca, &ca)? {
            roots.add(root).map_err(|_| LinkError::Pem { path: ca.clone(), what: "certificate" })?;
        }
        let roots = Arc::new(roots);
        let key = PrivateKeyDer::from_pem_slice(bundle.key.expose().as_bytes());
        let key = key.map_err(|_| LinkError::Pem { path: bundle::key_path(dir), what: "private key" })?;

        let provider = Arc::new(ring::default_provider());
        let own = CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => LinkError::KeyMismatch { path: path.clone() },
            source => tls(source),
        })?;
        let identity = own_identity(&own, &roots, &provider, clock).map_err(|error| own_fault(error, &path, &ca))?;
        let identity = identity.ok_or_else(|| LinkError::NoRole { path: path.clone() })?;
        if identity.role != role {
            return Err(LinkError::WrongRole { path, is: identity.role, name: identity.name, needed: role });
        }

        let own = Arc::new(SingleCertAndKey::from(own));
        let server = server_config(&roots, &own, provider, clock).map_err(tls)?;
        Ok(Self { bundle, identity, roots, own, server })
    }
}

fn certificates(pem: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, LinkError> {
    let bad = || LinkError::Pem { path: path.to_owned(), what: "certificate" };
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|_| bad())?;
    if found.is_empty() { Err(bad()) } else { Ok(found) }
}

/// What our own certificate says, if its peers will believe it; `None` when it says nothing.
fn own_identity(
    own: &CertifiedKey,
    roots: &RootCertStore,
    provider: &CryptoProvider,
    clock: &Clock,
) -> Result<Option<Identity>, rustls::Error> {
    let (certificate, rest) = own.cert.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
    let now = ClockTime(clock.clone()).current_time().ok_or(rustls::Error::FailedToGetCurrentTime)?;
    match verifier::verify(certificate, rest, now, roots, provider) {
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) => Ok(None),
        verified => verified.map(Some),
    }
}

/// What is wrong with our own certificate.
fn own_fault(error: rustls::Error, path: &Path, ca: &Path) -> LinkError {
    let at = |time: UnixTime| Timestamp::from_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    let path = path.to_owned();
    match error {
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            LinkError::Expired { path, since: at(not_after) }
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            LinkError::NotYetValid { path, from: at(not_before) }
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            LinkError::ForeignAuthority { path, ca: ca.to_owned() }
        }
        source => LinkError::Tls { path, source },
    }
}

fn server_config(
    roots: &Arc<RootCertStore>,
    own: &Arc<SingleCertAndKey>,
    provider: Arc<CryptoProvider>,
    clock: &Clock,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build();
    let clients = clients.map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(ClockTime(clock.clone())))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(own.clone());
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Our clock, for rustls.
#[derive(Debug)]
struct ClockTime(Clock);

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let secs = u64::try_from(self.0.now().secs()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(secs)))
    }
}

/// Takes up files that were replaced, and says in time that a certificate ends.
async fn look_at_files(inner: Weak<Inner>, clock: Clock) {
    let mut warned: Option<Timestamp> = None;
    let mut complaint = String::new();
    while let Some(tls) = inner.upgrade().map(Tls) {
        let dir = tls.0.dir.display();
        match tls.reload() {
            Ok(true) => tracing::info!(%dir, "the certificate of the management network was replaced"),
            Ok(false) => complaint.clear(),
            // Half of new files is seen for a moment only.
            Err(error) => {
                let text = chain(&error).to_string();
                if text != complaint {
                    tracing::warn!(%dir, reason = text, "the new certificate files can't be used; the old ones stay");
                    complaint = text;
                }
            }
        }
        let expires = tls.identity().expires;
        let soon = clock.now() + authority::RENEW_BEFORE > expires;
        if soon && warned.is_none_or(|warned| clock.now().since(warned) >= WARN_EVERY) {
            let expires = expires.to_iso();
            tracing::warn!(%dir, expires, "the certificate of the management network ends soon: issue it again with `ferrostack init`");
            warned = Some(clock.now());
        }
        drop(tls);
        clock.sleep(LOOK_EVERY).await;
    }
}
