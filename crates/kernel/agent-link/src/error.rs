//! What goes wrong before anything is said.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use ferrostack_base::Timestamp;

use crate::Role;

/// Certificates, keys and listeners. Each says which file is at fault, and what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A file can't be read or written.
    #[error("can't {action} {}", path.display())]
    File {
        /// `read`, `write` ...
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} holds no {what} in PEM form: {CURE}", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// `certificate`, `private key`.
        what: &'static str,
    },
    /// Certificate and key don't fit.
    #[error("the key beside {} belongs to another certificate: {CURE}", path.display())]
    KeyMismatch {
        /// The certificate.
        path: PathBuf,
    },
    /// It was good once.
    #[error("the certificate {} expired at {}: {CURE}", path.display(), since.to_iso())]
    Expired {
        /// The certificate.
        path: PathBuf,
        /// Since when.
        since: Timestamp,
    },
    /// It will be good later, or the clock is wrong.
    #[error("the certificate {} is good from {} on only: set the clock of this machine", path.display(), from.to_iso())]
    NotYetValid {
        /// The certificate.
        path: PathBuf,
        /// From when on.
        from: Timestamp,
    },
    /// Certificate and CA don't fit.
    #[error("the certificate {} is not of the CA in {}: take all files from the same bundle", path.display(), ca.display())]
    ForeignAuthority {
        /// The certificate.
        path: PathBuf,
        /// The CA.
        ca: PathBuf,
    },
    /// A certificate of the right CA for something else.
    #[error("{} belongs to the {is} {name}, but a certificate of the role {needed} is needed here: {CURE}", path.display())]
    WrongRole {
        /// The certificate.
        path: PathBuf,
        /// What it says.
        is: Role,
        /// Whose it is.
        name: String,
        /// What it should say.
        needed: Role,
    },
    /// A certificate that says nothing about its holder.
    #[error("{} names no controller and no agent: {CURE}", path.display())]
    NoRole {
        /// The certificate.
        path: PathBuf,
    },
    /// Names stand in certificates and in paths.
    #[error("{name:?} is no name of a node: 1 to 64 letters, digits, dots, dashes and underscores")]
    BadName {
        /// The name.
        name: String,
    },
    /// The address of a controller does not parse.
    #[error("{text:?} is no address of a controller: write https://HOST:PORT")]
    BadAddress {
        /// What was given.
        text: String,
    },
    /// No controllers.
    #[error("no controller is named: an agent needs the address of at least one")]
    NoControllers,
    /// The port can't be had.
    #[error("can't listen on {address} for the management network")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The TLS library does not take it.
    #[error("the certificate {} can't be used: {CURE}", path.display())]
    Tls {
        /// The certificate.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// A certificate can't be made.
    #[error("can't make a certificate with the CA in {}", dir.display())]
    Issue {
        /// The CA's folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
}

/// What helps when the files of a node are wrong.
const CURE: &str = "issue the files again with `ferrostack init`";

impl LinkError {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }
}
