//! Fernet: authenticated encryption of a short text, <https://github.com/fernet/spec>.
//!
//! A token is URL-safe base64 of `0x80 | time, 8 bytes | IV, 16 | AES-128-CBC of the text, padded | HMAC-SHA256, 32`.
//! Key schedules and the HMAC's inner state are computed once per key. A token's age is the caller's business, for the
//! payload states when it ends.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;

use crate::AuthError;

/// URL-safe base64 without `=`, which readers may find there nevertheless.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const VERSION: u8 = 0x80;
const IV_AT: usize = 9;
const TEXT_AT: usize = 25;
const BLOCK: usize = 16;
const MAC: usize = 32;

struct Key {
    mac: Hmac<Sha256>,
    cipher: Aes128,
}

/// A ring of keys: the first makes tokens, all of them read tokens.
pub struct FernetKeys(Vec<Key>);

/// What a token held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decrypted {
    /// The text.
    pub plaintext: Vec<u8>,
    /// When the token was made, in seconds since 1970.
    pub issued_at_s: u64,
}

impl std::fmt::Debug for FernetKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FernetKeys({} keys)", self.0.len())
    }
}

impl FernetKeys {
    /// Keys in their text form (32 bytes in URL-safe base64), the primary first.
    ///
    /// # Errors
    /// No key at all, or one that is malformed.
    pub fn new<T: AsRef<str>>(keys: impl IntoIterator<Item = T>) -> Result<Self, AuthError> {
        let place = |index| format!("number {index} of the list");
        let keys = keys.into_iter().enumerate().map(|(index, key)| Key::parse(key.as_ref(), || place(index)));
        Self::of(keys.collect::<Result<_, _>>()?, "the list")
    }

    /// One new key that is stored nowhere: for tests, and for clouds that need not outlive their process.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(vec![Key::from_bytes(&bytes)])
    }

    /// The text form of a new key.
    pub fn generate() -> String {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        base64::engine::general_purpose::URL_SAFE.encode(bytes)
    }

    pub(crate) fn from_files(keys: &[(String, String)], place: &str) -> Result<Self, AuthError> {
        let keys = keys.iter().map(|(name, text)| Key::parse(text, || format!("{place}/{name}")));
        Self::of(keys.collect::<Result<_, _>>()?, place)
    }

    fn of(keys: Vec<Key>, place: &str) -> Result<Self, AuthError> {
        if keys.is_empty() { Err(AuthError::NoKeys { place: place.to_owned() }) } else { Ok(Self(keys)) }
    }

    /// A token that holds `plaintext` and says that it was made at `now_s` (seconds since 1970).
    pub fn encrypt(&self, plaintext: &[u8], now_s: u64) -> String {
        let mut iv = [0; BLOCK];
        rand::rng().fill_bytes(&mut iv);
        self.0.first().map(|key| key.encrypt(plaintext, now_s, &iv)).unwrap_or_default()
    }

    /// What `token` holds, if one of the keys made it. `=` at the end may be there or not.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`].
    pub fn decrypt(&self, token: &str) -> Result<Decrypted, AuthError> {
        let invalid = |reason| AuthError::InvalidToken { reason };
        let mut bytes = BASE64.decode(token).map_err(|_| invalid("it is not URL-safe base64"))?;
        if bytes.first() != Some(&VERSION) {
            return Err(invalid("it is not a Fernet token"));
        }
        if bytes.len() < TEXT_AT + BLOCK + MAC || !(bytes.len() - TEXT_AT - MAC).is_multiple_of(BLOCK) {
            return Err(invalid("it is cut off"));
        }
        let (signed, mac) = bytes.split_at(bytes.len() - MAC);
        let key = self.0.iter().find(|key| key.mac.clone().chain_update(signed).verify_slice(mac).is_ok());
        let key = key.ok_or_else(|| invalid("none of the keys signed it"))?;

        let end = signed.len();
        let (head, text) = bytes[..end].split_at_mut(TEXT_AT);
        let (time, iv) = (head[1..IV_AT].first_chunk(), head[IV_AT..].first_chunk::<BLOCK>());
        let (Some(time), Some(iv)) = (time, iv) else { return Err(invalid("it is cut off")) };
        let issued_at_s = u64::from_be_bytes(*time);
        let cipher = cbc::Decryptor::inner_iv_init(&key.cipher, iv.into());
        let length = cipher.decrypt_padded::<Pkcs7>(text).map_err(|_| invalid("its padding is wrong"))?.len();
        bytes.copy_within(TEXT_AT..TEXT_AT + length, 0);
        bytes.truncate(length);
        Ok(Decrypted { plaintext: bytes, issued_at_s })
    }
}

impl Key {
    fn parse(text: &str, place: impl FnOnce() -> String) -> Result<Self, AuthError> {
        let bytes = BASE64.decode(text.trim()).ok();
        match bytes.as_deref().and_then(|bytes| <&[u8; 32]>::try_from(bytes).ok()) {
            Some(bytes) => Ok(Self::from_bytes(bytes)),
            None => Err(AuthError::BadKey { place: place() }),
        }
    }

    /// The first half signs, the second encrypts.
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut signing = [0; 16];
        let mut encryption = [0; 16];
        signing.copy_from_slice(&bytes[..16]);
        encryption.copy_from_slice(&bytes[16..]);
        // HMAC pads a key shorter than its block of 64 bytes with zeros, so this is the same key.
        let mut block = [0; 64];
        block[..16].copy_from_slice(&signing);
        Self { mac: <Hmac<Sha256> as Mac>::new(&block.into()), cipher: Aes128::new(&encryption.into()) }
    }

    fn encrypt(&self, plaintext: &[u8], now_s: u64, iv: &[u8; BLOCK]) -> String {
        let padded = plaintext.len() / BLOCK * BLOCK + BLOCK;
        let mut bytes = Vec::with_capacity(TEXT_AT + padded + MAC);
        bytes.push(VERSION);
        bytes.extend(now_s.to_be_bytes());
        bytes.extend(iv);
        bytes.extend(plaintext);
        bytes.resize(TEXT_AT + padded, 0);
        let cipher = cbc::Encryptor::inner_iv_init(&self.cipher, iv.into());
        if cipher.encrypt_padded::<Pkcs7>(&mut bytes[TEXT_AT..], plaintext.len()).is_err() {
            // The buffer has room for the padding, so this cannot be; an empty text is no token.
            return String::new();
        }
        let mac = self.mac.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(mac);
        BASE64.encode(bytes)
    }
}

#[cfg(test)]
mod tests;
