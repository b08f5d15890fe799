//! What can go wrong in the identity service.

use ferrostack_auth::{AuthError, Denied};
use ferrostack_db::DbError;
use ferrostack_http::Fault;

/// An error of the identity service.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no such thing.
    #[error("Could not find {what}: {id}.")]
    NotFound {
        /// `user`, `project` and so on.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A thing of that name, or with that id, exists already.
    #[error("Conflict: {what} {value:?} exists already{place}.")]
    Duplicate {
        /// `user`, `project` and so on.
        what: &'static str,
        /// The name or id in question.
        value: String,
        /// Where it must be unique: ` in domain X`, or nothing.
        place: String,
    },
    /// The request does not fit.
    #[error("{reason}")]
    Invalid {
        /// Names field and value.
        reason: String,
    },
    /// The state of things forbids it, whoever asks.
    #[error("{reason}")]
    Forbidden {
        /// What stands in the way.
        reason: String,
    },
    /// Who asks has not proven who they are. Says nothing about why: that would tell a stranger who exists.
    #[error("The request you have made requires authentication.")]
    Unauthorized,
    /// The token is unknown, over, revoked, or its user, scope or roles are gone.
    #[error("Could not find token.")]
    InvalidToken,
    /// The policy says no.
    #[error("the policy does not allow it")]
    Denied(#[from] Denied),
    /// A token could not be made, or a password not be hashed.
    #[error("tokens or passwords are in trouble")]
    Auth(#[from] AuthError),
    /// What the database says.
    #[error("the database could not do it")]
    Db(#[from] DbError),
    /// An answer could not be written as JSON.
    #[error("an answer could not be written")]
    Render(#[from] serde_json::Error),
}

impl IdentityError {
    /// There is no such thing.
    pub(crate) fn not_found(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    /// The request does not fit.
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid { reason: reason.into() }
    }

    /// The state of things forbids it.
    pub(crate) fn forbidden(reason: impl Into<String>) -> Self {
        Self::Forbidden { reason: reason.into() }
    }

    /// Turns the database's complaint about a key into one about the thing itself.
    pub(crate) fn taken(error: DbError, what: &'static str, value: &str, place: impl Into<String>) -> Self {
        if error.is_duplicate() {
            Self::Duplicate { what, value: value.to_owned(), place: place.into() }
        } else {
            Self::Db(error)
        }
    }
}

impl From<IdentityError> for Fault {
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::NotFound { .. } | IdentityError::InvalidToken => Self::missing(message),
            IdentityError::Duplicate { .. } => Self::conflict(message),
            IdentityError::Invalid { .. } => Self::bad_request(message),
            IdentityError::Forbidden { .. } => Self::forbidden(message),
            IdentityError::Unauthorized => Self::unauthorized(message),
            IdentityError::Denied(denied) => denied.into(),
            IdentityError::Auth(error) => error.into(),
            // What was referred to went away between the look and the change.
            IdentityError::Db(DbError::Reference) => {
                Self::conflict("Conflict: what the request refers to was deleted, or is still in use.")
            }
            IdentityError::Db(error) => error.into(),
            IdentityError::Render(error) => Self::internal(error),
        }
    }
}
