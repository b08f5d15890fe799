//! The cloud's own CA.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ferrostack_base::{Clock, Secret, Timestamp, new_hex_id};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    Tls,
    bundle::{Bundle, private_folder, write_file},
    identity::{Identity, Role},
};
use crate::LinkError;

const DAY: Duration = Duration::from_secs(86_400);
/// How long the CA is good.
const CA_VALID_FOR: Duration = Duration::from_secs(3650 * 86_400);
/// Clocks of nodes differ: what is made now was good a little earlier.
const BACKDATED: Duration = Duration::from_secs(3600);
/// What ends sooner is issued anew.
pub(super) const RENEW_BEFORE: Duration = Duration::from_secs(30 * 86_400);
/// Longest name: the bound of common names (RFC 5280), and of host names in Linux.
const LONGEST_NAME: usize = 64;

/// Makes certificates. Its key is the cloud's most precious secret: who has it can be any controller.
pub struct Authority {
    dir: PathBuf,
    clock: Clock,
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate is wanted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// What its holder is.
    pub role: Role,
    /// The holder's name: for agents the node's name, which is unique in the cloud.
    pub name: String,
    /// The holder's addresses, for tools that look at them.
    pub addresses: Vec<IpAddr>,
    /// How long it is good.
    pub valid_for: Duration,
}

impl CertificateRequest {
    /// For two years.
    pub fn new(role: Role, name: &str, addresses: &[IpAddr]) -> Self {
        Self { role, name: name.to_owned(), addresses: addresses.to_owned(), valid_for: 730 * DAY }
    }
}

impl Authority {
    /// The CA in that folder (`ca.pem`, `ca-key.pem`), made on the first call.
    ///
    /// # Errors
    /// [`LinkError`] when the folder can't be used, or only one of the files is there.
    pub fn load_or_create(dir: &Path, clock: &Clock) -> Result<Self, LinkError> {
        let there = |path: PathBuf| path.try_exists().map_err(LinkError::file("look at", &path));
        if !there(ca_path(dir))? && !there(ca_key_path(dir))? {
            create(dir, clock)?;
        }
        Self::load(dir, clock)
    }

    /// The CA in that folder.
    ///
    /// # Errors
    /// [`LinkError`] when it is not there or can't be used.
    pub fn load(dir: &Path, clock: &Clock) -> Result<Self, LinkError> {
        let (path, key_path) = (ca_path(dir), ca_key_path(dir));
        let certificate = fs::read_to_string(&path).map_err(LinkError::file("read", &path))?;
        let key = Secret::new(fs::read_to_string(&key_path).map_err(LinkError::file("read", &key_path))?);
        let bad_key = |_| LinkError::Pem { path: key_path.clone(), what: "private key" };
        let key = KeyPair::from_pem(key.expose()).map_err(bad_key)?;
        let bad = || LinkError::Pem { path: path.clone(), what: "certificate" };
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| bad())?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|_| bad())?;
        if parsed.public_key().raw != key.subject_public_key_info() {
            return Err(LinkError::KeyMismatch { path });
        }
        let since = Timestamp::from_secs(parsed.validity().not_after.timestamp());
        if since <= clock.now() {
            return Err(LinkError::Expired { path, since });
        }
        let issuer = Issuer::from_ca_cert_der(&der, key);
        let issuer = issuer.map_err(|source| LinkError::Issue { dir: dir.to_owned(), source })?;
        Ok(Self { dir: dir.to_owned(), clock: clock.clone(), certificate, issuer })
    }

    /// The CA's certificate, in PEM form.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Makes a key and a certificate.
    ///
    /// # Errors
    /// [`LinkError::BadName`], [`LinkError::Issue`]
    pub fn issue(&self, wanted: &CertificateRequest) -> Result<Bundle, LinkError> {
        check_name(&wanted.name)?;
        let failed = |source| LinkError::Issue { dir: self.dir.clone(), source };
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(&wanted.name, wanted.role.as_str());
        params.subject_alt_names = wanted.addresses.iter().copied().map(SanType::IpAddress).collect();
        if let Ok(name) = wanted.name.as_str().try_into() {
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, &self.clock, wanted.valid_for);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Bundle {
            ca: self.certificate.clone(),
            certificate: certificate.pem(),
            key: Secret::new(key.serialize_pem()),
        })
    }

    /// Sees to it that the folder `dir` holds a good certificate as wanted; one that fits and does not end soon stays. Says
    /// whether it made one.
    ///
    /// # Errors
    /// As [`Authority::issue`] and [`Bundle::write`].
    pub fn ensure(&self, dir: &Path, wanted: &CertificateRequest) -> Result<bool, LinkError> {
        if self.is_good(dir, wanted) {
            return Ok(false);
        }
        self.issue(wanted)?.write(dir)?;
        Ok(true)
    }

    fn is_good(&self, dir: &Path, wanted: &CertificateRequest) -> bool {
        let Ok(found) = Bundle::read(dir) else { return false };
        let fits = |found: Identity| {
            let lasts = found.expires > self.clock.now() + RENEW_BEFORE.min(wanted.valid_for / 2);
            let addresses = wanted.addresses.iter().all(|address| found.addresses.contains(address));
            lasts && addresses && found.name == wanted.name
        };
        found.ca.contains(self.certificate.trim()) && Tls::check(dir, wanted.role, &self.clock).is_ok_and(fits)
    }
}

fn create(dir: &Path, clock: &Clock) -> Result<(), LinkError> {
    let failed = |source| LinkError::Issue { dir: dir.to_owned(), source };
    private_folder(dir)?;
    let mut params = CertificateParams::default();
    // Its own name for every CA, so that certificates of another one are told apart from forged ones.
    let id = new_hex_id();
    params.distinguished_name = subject(&format!("Ferrostack {}", id.get(..8).unwrap_or(&id)), "ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, clock, CA_VALID_FOR);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    // The key first: whoever sees the certificate can rely on both.
    write_file(&ca_key_path(dir), 0o600, &key.serialize_pem())?;
    write_file(&ca_path(dir), 0o644, &certificate.pem())
}

fn ca_path(dir: &Path) -> PathBuf {
    dir.join("ca.pem")
}

fn ca_key_path(dir: &Path) -> PathBuf {
    dir.join("ca-key.pem")
}

fn subject(name: &str, unit: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Ferrostack");
    subject.push(DnType::OrganizationalUnitName, unit);
    subject.push(DnType::CommonName, name);
    subject
}

fn set_validity(params: &mut CertificateParams, clock: &Clock, valid_for: Duration) {
    let now = clock.now();
    let at = |secs: i64| OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    params.not_before = at(now.secs() - i64::try_from(BACKDATED.as_secs()).unwrap_or(0));
    params.not_after = at((now + valid_for).secs());
}

fn check_name(name: &str) -> Result<(), LinkError> {
    let good = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(good) {
        Ok(())
    } else {
        Err(LinkError::BadName { name: name.to_owned() })
    }
}
