//! What can go wrong here.

use std::path::PathBuf;

/// An error of tokens, keys, passwords or contexts.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The text is no token of ours: forged, damaged, or made with a key that is gone. The reason is for logs; callers
    /// are only told that the token is not valid.
    #[error("not a valid token: {reason}")]
    InvalidToken {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A token's payload holds what its format has no place for.
    #[error("a token cannot carry {field} `{value}`")]
    Unencodable {
        /// The part of the payload.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// The key repository could not be read or written.
    #[error("cannot {action} {}", path.display())]
    KeyRepository {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A key is not 32 bytes of URL-safe base64.
    #[error("the Fernet key {place} is not 32 bytes of URL-safe base64")]
    BadKey {
        /// The file, or the position in a list.
        place: String,
    },
    /// There is no key to make tokens with.
    #[error("no Fernet key in {place}")]
    NoKeys {
        /// The key repository.
        place: String,
    },
    /// More passwords are waiting to be hashed than the queue may hold. Callers answer 503.
    #[error("too many passwords are waiting to be checked (at most {queue})")]
    Busy {
        /// How many may wait.
        queue: usize,
    },
    /// The hashing threads are gone, or could not be started.
    #[error("the password hasher is not running")]
    HasherStopped,
    /// bcrypt refused its input: rounds outside 4 to 31, or a hash of another kind.
    #[error("cannot hash or compare a password")]
    Bcrypt {
        /// What bcrypt says.
        #[source]
        source: bcrypt::BcryptError,
    },
    /// The request needs a project-scoped token.
    #[error("this needs a token that is scoped to a project")]
    NoProject,
    /// The request needs a token.
    #[error("this needs authentication")]
    Unauthenticated,
    /// Not a microversion such as `2.1` or `latest`.
    #[error("`{text}` is not a microversion (such as 2.1, or latest)")]
    Microversion {
        /// What was given.
        text: String,
    },
}
