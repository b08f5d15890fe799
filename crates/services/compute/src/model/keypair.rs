//! Key pairs of users.

use ferrostack_base::Timestamp;
use uuid::Uuid;

/// A public key by its name. It belongs to a user, not to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// Under which its quota is counted.
    pub id: Uuid,
    /// The integer that the API shows.
    pub number: i64,
    pub user_id: String,
    pub name: String,
    /// In OpenSSH's format, one line.
    pub public_key: String,
    /// MD5 of the key, as `aa:bb:..`.
    pub fingerprint: String,
    pub created: Timestamp,
}
