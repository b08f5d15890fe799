//! What one service tells another when it can't do what was asked.

use std::{error::Error, future::Future, pin::Pin};

use ferrostack_db::DbError;

/// The future of every contract's method.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, ContractError>> + Send + 'a>>;

/// Kinds of refusals between services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// No such thing, or none that the caller may know of.
    NotFound,
    /// The request does not fit (a network without subnets, an image that is not active).
    Invalid,
    /// The policy says no.
    Forbidden,
    /// Somebody else was faster, or the state of the thing is in the way.
    Conflict,
    /// A quota or a capacity is used up.
    Exhausted,
    /// Try again later.
    Unavailable,
    /// A bug or a damaged database.
    Internal,
}

/// A refusal of one service towards another.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ContractError {
    /// What kind.
    pub kind: ErrorKind,
    /// In words that an API may pass on.
    pub message: String,
    /// What lies behind it.
    #[source]
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ContractError {
    /// A refusal without a cause.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None }
    }

    /// No such thing.
    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what} {id} could not be found."))
    }
}

impl From<DbError> for ContractError {
    fn from(error: DbError) -> Self {
        let kind = match &error {
            DbError::Unavailable(_) | DbError::Transient(_) | DbError::NoSpace(_) => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        };
        Self { kind, message: "The database could not be asked.".to_owned(), cause: Some(Box::new(error)) }
    }
}
