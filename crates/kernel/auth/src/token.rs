//! From a payload to the text that clients carry, and back.

use base64::Engine;
use rand::RngCore;

use crate::fernet::BASE64;
use crate::{AuthError, FernetKeys, Methods, Payload};

/// The longest text that is looked at as a token. Ours have about 250 characters; those of federated users with many
/// groups are longer.
const MAX_LENGTH: usize = 16 * 1024;

/// Makes and reads tokens. Nothing of a token is stored: whoever has the keys can read it. Whether it has ended or was
/// revoked is the identity service's to say.
#[derive(Debug)]
pub struct TokenFormat {
    keys: FernetKeys,
    methods: Methods,
}

/// A token that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it says.
    pub payload: Payload,
    /// When it was made, in microseconds since 1970 (UTC); whole seconds, for Fernet keeps no more.
    pub issued_at_us: i64,
}

impl TokenFormat {
    /// Tokens under these keys, with these methods.
    pub fn new(keys: FernetKeys, methods: Methods) -> Self {
        Self { keys, methods }
    }

    /// The token that says `payload` and was made at `now_us` (microseconds since 1970).
    ///
    /// # Errors
    /// [`AuthError::Unencodable`]: an unknown method, an audit id that is no base64, a trust id that is no UUID.
    pub fn encode(&self, payload: &Payload, now_us: i64) -> Result<String, AuthError> {
        let now_s = u64::try_from(now_us / 1_000_000).unwrap_or(0);
        Ok(self.keys.encrypt(&payload.encode(&self.methods)?, now_s))
    }

    /// What `token` says. Its end of life is not looked at here.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`].
    pub fn decode(&self, token: &str) -> Result<Token, AuthError> {
        if token.len() > MAX_LENGTH {
            return Err(AuthError::InvalidToken { reason: "it is too long" });
        }
        let decrypted = self.keys.decrypt(token)?;
        let issued_at_us = i64::try_from(decrypted.issued_at_s).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
        Ok(Token {
            payload: Payload::decode(&decrypted.plaintext, &self.methods)?,
            issued_at_us: issued_at_us.ok_or(AuthError::InvalidToken { reason: "its time is out of range" })?,
        })
    }
}

/// A new audit id: 16 random bytes in URL-safe base64, 22 characters.
pub fn new_audit_id() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    BASE64.encode(bytes)
}

#[cfg(test)]
mod tests;
