//! What can go wrong with libvirt.

use std::{fmt, time::Duration};

use uuid::Uuid;

use crate::{ConfigError, DescriptionError};

/// A call to libvirt did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LibvirtError {
    /// The library is not on this machine.
    #[error(
        "{library} could not be loaded: install the package that has it (Debian: libvirt0, with libvirt-daemon-system for the daemon)"
    )]
    LibraryMissing {
        /// Its file name.
        library: &'static str,
        /// The loader's reason.
        #[source]
        source: libloading::Error,
    },
    /// The library is too old: a function is not in it.
    #[error("the libvirt library has no function {function}: libvirt 8.0 or newer is needed")]
    FunctionMissing {
        /// The function.
        function: &'static str,
        /// The loader's reason.
        #[source]
        source: libloading::Error,
    },
    /// There is no such domain, or not any longer.
    #[error("there is no domain {uuid}")]
    NoSuchDomain {
        /// The id asked for.
        uuid: Uuid,
    },
    /// The domain is in a state that does not allow this: it runs already, or it is off already.
    #[error("{function}: {message}")]
    WrongState {
        /// libvirt's function.
        function: &'static str,
        /// libvirt's words.
        message: String,
    },
    /// The connection ended during the call: whether it was done is not known. The next call opens a new connection.
    #[error("{function}: the connection to libvirtd was lost: {message}")]
    ConnectionLost {
        /// libvirt's function.
        function: &'static str,
        /// libvirt's words.
        message: String,
    },
    /// libvirtd can't be reached: it does not run, or not there.
    #[error("libvirtd does not answer at {uri}: {message}")]
    Unavailable {
        /// Where it was looked for.
        uri: String,
        /// libvirt's words.
        message: String,
    },
    /// libvirtd did not answer in time; whether it did anything is not known.
    #[error("{function}: libvirtd did not answer within {} s", .after.as_secs())]
    TimedOut {
        /// libvirt's function.
        function: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// libvirt refused, for any other reason.
    #[error("{function}: {message} ({code}, {domain})")]
    Refused {
        /// libvirt's function.
        function: &'static str,
        /// libvirt's number of the error.
        code: ErrorCode,
        /// Where in libvirt it arose.
        domain: ErrorDomain,
        /// libvirt's words.
        message: String,
    },
    /// The description of the domain can't be written.
    #[error("the domain's description is not usable")]
    Config(#[from] ConfigError),
    /// The description that libvirt gave can't be read.
    #[error("libvirt's description is not readable")]
    Description(#[from] DescriptionError),
    /// A value holds a NUL byte, which libvirt can't take.
    #[error("{field} holds a NUL byte")]
    NulByte {
        /// What.
        field: &'static str,
    },
    /// libvirt's event loop can't be started.
    #[error("libvirt's event loop can't be started: {message}")]
    EventLoop {
        /// Why.
        message: String,
    },
    /// The runtime is shutting down.
    #[error("{function}: the program is shutting down")]
    ShuttingDown {
        /// libvirt's function.
        function: &'static str,
    },
}

/// A number of libvirt's `virErrorNumber`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    pub(crate) const INTERNAL_ERROR: Self = Self(1);
    pub(crate) const NO_CONNECT: Self = Self(5);
    pub(crate) const SYSTEM_ERROR: Self = Self(38);
    pub(crate) const RPC: Self = Self(39);
    pub(crate) const NO_DOMAIN: Self = Self(42);
    pub(crate) const OPERATION_INVALID: Self = Self(55);
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "libvirt error {}", self.0)
    }
}

/// A number of libvirt's `virErrorDomain`: the part of libvirt where an error arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorDomain(pub i32);

impl ErrorDomain {
    pub(crate) const RPC: Self = Self(7);
    pub(crate) const REMOTE: Self = Self(13);
}

impl fmt::Display for ErrorDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}", self.0)
    }
}

impl LibvirtError {
    /// Sorts an error that libvirt reported. `lost` = the connection says itself that it is no longer there.
    pub(crate) fn sort(
        function: &'static str,
        code: ErrorCode,
        domain: ErrorDomain,
        message: String,
        uuid: Option<Uuid>,
        lost: bool,
    ) -> Self {
        let of_the_line = matches!(domain, ErrorDomain::RPC | ErrorDomain::REMOTE)
            && matches!(
                code,
                ErrorCode::INTERNAL_ERROR | ErrorCode::SYSTEM_ERROR | ErrorCode::RPC | ErrorCode::NO_CONNECT
            );
        match (code, uuid) {
            _ if lost || of_the_line => Self::ConnectionLost { function, message },
            (ErrorCode::NO_DOMAIN, Some(uuid)) => Self::NoSuchDomain { uuid },
            (ErrorCode::OPERATION_INVALID, _) => Self::WrongState { function, message },
            _ => Self::Refused { function, code, domain, message },
        }
    }

    /// Whether there is no such domain: "already gone".
    pub fn is_no_such_domain(&self) -> bool {
        matches!(self, Self::NoSuchDomain { .. })
    }

    /// Whether the domain's state already is, or forbids, what was asked for.
    pub fn is_wrong_state(&self) -> bool {
        matches!(self, Self::WrongState { .. })
    }

    /// Whether the same call may succeed later without anything else being changed: libvirtd was away or slow.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::Unavailable { .. } | Self::TimedOut { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(code: ErrorCode, domain: ErrorDomain, lost: bool) -> LibvirtError {
        LibvirtError::sort("virDomainCreate", code, domain, "words".into(), Some(Uuid::nil()), lost)
    }

    #[test]
    fn errors_are_sorted_by_what_a_caller_does_about_them() {
        assert!(sorted(ErrorCode::NO_DOMAIN, ErrorDomain(10), false).is_no_such_domain());
        assert!(sorted(ErrorCode::OPERATION_INVALID, ErrorDomain(10), false).is_wrong_state());
        assert!(sorted(ErrorCode::INTERNAL_ERROR, ErrorDomain::RPC, false).is_transient());
        assert!(sorted(ErrorCode::SYSTEM_ERROR, ErrorDomain::REMOTE, false).is_transient());
        // the same numbers from QEMU's driver say nothing about the connection
        assert!(!sorted(ErrorCode::INTERNAL_ERROR, ErrorDomain(10), false).is_transient());
        assert!(sorted(ErrorCode::INTERNAL_ERROR, ErrorDomain(10), true).is_transient());
    }

    #[test]
    fn a_refusal_says_where_it_comes_from() {
        let error = sorted(ErrorCode(67), ErrorDomain(10), false);
        assert_eq!(error.to_string(), "virDomainCreate: words (libvirt error 67, part 10)");
    }
}
