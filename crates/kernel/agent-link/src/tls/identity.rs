//! Who the holder of a certificate is.

use std::{fmt, net::IpAddr};

use ferrostack_base::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
};

/// What a process is for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It runs the services, and tells agents what to do.
    Controller,
    /// It runs a node's servers.
    Agent,
}

impl Role {
    /// As it stands in certificates, as the subject's organizational unit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::Agent => "agent",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a certificate says of its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The subject's organizational unit.
    pub role: Role,
    /// The subject's common name: the node's name.
    pub name: String,
    /// The addresses among the alternative names; nobody relies on them.
    pub addresses: Vec<IpAddr>,
    /// When the certificate ends.
    pub expires: Timestamp,
}

impl Identity {
    /// Reads it; `None` when the certificate names no role. Its signature is another matter.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let subject = certificate.subject();
        let unit = subject.iter_organizational_unit().next()?.as_str().ok()?;
        let role = [Role::Controller, Role::Agent].into_iter().find(|role| role.as_str() == unit)?;
        let name = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        let addresses = names.iter().filter_map(address).collect();
        let expires = Timestamp::from_secs(certificate.validity().not_after.timestamp());
        Some(Self { role, name, addresses, expires })
    }
}

fn address(name: &GeneralName<'_>) -> Option<IpAddr> {
    match name {
        GeneralName::IPAddress(bytes) => <[u8; 4]>::try_from(*bytes)
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
            .ok(),
        _ => None,
    }
}
