//! What can go wrong between us and an OVSDB server.

use std::{fmt, io};

use thiserror::Error;

/// A failure of this crate. The cause, where there is one, is the error's source and not part of its text.
#[derive(Debug, Error)]
pub enum OvnError {
    /// The server's address cannot be reached.
    #[error("cannot connect to the OVSDB server at {endpoint}")]
    Connect {
        /// Where we dialled, in the form `unix:PATH` or `tcp:HOST:PORT`.
        endpoint: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The connection went away. What was asked and not answered may or may not have happened.
    #[error("the connection to the OVSDB server was lost: {reason}")]
    ConnectionLost {
        /// What ended it.
        reason: String,
    },
    /// There is no connection at the moment; nothing was sent.
    #[error("not connected to the OVSDB server at {endpoint}")]
    NotConnected {
        /// The address that is being retried.
        endpoint: String,
    },
    /// An address in a setting is not one that we understand.
    #[error("endpoint: {found:?} is not unix:PATH or tcp:HOST:PORT")]
    Endpoint {
        /// The text found.
        found: String,
    },
    /// Reading or writing the stream failed.
    #[error("reading from the OVSDB server failed")]
    Read(#[source] io::Error),
    /// A message is larger than we accept.
    #[error("a message has more than {limit} bytes")]
    MessageTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// What arrived is not JSON.
    #[error("a message is not valid JSON")]
    MalformedJson(#[source] serde_json::Error),
    /// What arrived is JSON, but not what the protocol says.
    #[error("{what}: {detail}")]
    Protocol {
        /// The message or member at fault.
        what: String,
        /// What was expected and what was found.
        detail: String,
    },
    /// The server answered a request with an error.
    #[error("the OVSDB server refused {method}: {kind}{}", detail_suffix(.details))]
    Refused {
        /// The JSON-RPC method.
        method: String,
        /// The error word.
        kind: ErrorKind,
        /// The server's explanation, may be empty.
        details: String,
    },
    /// A transaction failed as a whole; nothing of it was done.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// A value does not have the form that its column needs.
    #[error("{field}: expected {expected}, found {found}")]
    Value {
        /// `Table.column`, or the member of a message.
        field: String,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The database lacks something that we need.
    #[error("the database {database} has no {what}")]
    Missing {
        /// The database's name.
        database: String,
        /// `table X` or `column X.y`.
        what: String,
    },
}

impl OvnError {
    /// Whether a `wait` of the transaction found another state than the one it was told to find: somebody else was
    /// faster, and the caller has to look again before it decides anew.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Operation(OperationError { kind: ErrorKind::TimedOut, .. }))
    }

    /// Whether the answer got lost, so that nobody knows whether the request was carried out.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. })
    }

    /// The error word of the server, when it was the server that failed the request.
    pub fn kind(&self) -> Option<&ErrorKind> {
        match self {
            Self::Refused { kind, .. } => Some(kind),
            Self::Operation(error) => Some(&error.kind),
            _ => None,
        }
    }

    pub(crate) fn protocol(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Protocol { what: what.into(), detail: detail.into() }
    }
}

/// The operation that failed a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {kind}{}", place(.operation), detail_suffix(.details))]
pub struct OperationError {
    /// Position (from 0) and word of the operation, such as `(2, "insert")`; `None` when all operations were fine but
    /// the commit was refused (references, uniqueness, disk).
    pub operation: Option<(usize, &'static str)>,
    /// The error word.
    pub kind: ErrorKind,
    /// The server's explanation, may be empty.
    pub details: String,
}

fn place(operation: &Option<(usize, &'static str)>) -> String {
    match operation {
        Some((index, word)) => format!("operation {index} ({word}) of the transaction failed"),
        None => "the transaction could not be committed".to_owned(),
    }
}

fn detail_suffix(details: &str) -> String {
    if details.is_empty() { String::new() } else { format!(" ({details})") }
}

macro_rules! error_kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        /// The `error` member of RFC 7047's `<error>`: the words of sections 3.1, 4.1 and 5.2, and those that
        /// ovsdb-server(7) adds.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ErrorKind {
            $($(#[$doc])* $variant,)*
            /// A word that we do not know.
            Other(String),
        }

        impl ErrorKind {
            /// The word as it stands in a message.
            pub fn word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }

            /// Reads a word.
            pub fn from_word(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

error_kinds! {
    /// Two inserts of one transaction have the same `uuid-name`.
    DuplicateUuidName = "duplicate uuid-name",
    /// An insert names the UUID of a row that exists.
    DuplicateUuid = "duplicate uuid",
    /// A value, a number of rows or an index breaks the schema's rules.
    ConstraintViolation = "constraint violation",
    /// Division by zero.
    DomainError = "domain error",
    /// A result does not fit its type.
    RangeError = "range error",
    /// A `wait` did not find what it waited for.
    TimedOut = "timed out",
    /// An `assert` names a lock that this client does not hold.
    NotOwner = "not owner",
    /// The transaction has an `abort`.
    Aborted = "aborted",
    /// A strong reference would point to nothing.
    ReferentialIntegrityViolation = "referential integrity violation",
    /// The server has no more room.
    ResourcesExhausted = "resources exhausted",
    /// The server cannot use its disk.
    IoError = "I/O error",
    /// The server does not do this.
    NotSupported = "not supported",
    /// The server's role rules forbid it.
    PermissionError = "permission error",
    /// No such database.
    UnknownDatabase = "unknown database",
    /// No such column.
    UnknownColumn = "unknown column",
    /// No such JSON-RPC method.
    UnknownMethod = "unknown method",
    /// No such monitor.
    UnknownMonitor = "unknown monitor",
    /// The request is not one of the protocol; also a table that does not exist, or a value of the wrong kind or size.
    SyntaxError = "syntax error",
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
