//! The parts of MessagePack that token payloads use, and Keystone's conventions on top of it.
//!
//! An id is a pair: `[true, 16 bytes]` when it is a UUID without dashes, `[false, text]` when it is anything else.
//! Times are floating point seconds, audit ids raw bytes. Text and bytes are told apart when writing, but read alike,
//! for MessagePack libraries before 1.0 wrote both the same way.

use std::ops::Range;

use base64::Engine;
use rmp::Marker;

use crate::AuthError;
use crate::fernet::BASE64;

/// The times that a float of seconds tells apart to the microsecond: from 1970 to 2242.
const TIMES: Range<f64> = 0.0..8_589_934_592.0;

/// The bytes of a UUID in its undashed lower-case form. Other spellings stay text, so that every id reads back as it
/// was written.
fn uuid_bytes(id: &str) -> Option<[u8; 16]> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        }
    }
    let digits: &[u8; 32] = id.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn uuid_text(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Writes a payload.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// For a payload of so many elements.
    pub(crate) fn array(length: u8) -> Self {
        let mut writer = Self(Vec::with_capacity(128));
        writer.begin(usize::from(length));
        writer
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Writing to a vector cannot fail; its error type has no values.
    fn begin(&mut self, length: usize) {
        let _ = rmp::encode::write_array_len(&mut self.0, u32::try_from(length).unwrap_or(u32::MAX));
    }

    pub(crate) fn uint(&mut self, value: u64) {
        let _ = rmp::encode::write_uint(&mut self.0, value);
    }

    pub(crate) fn text(&mut self, text: &str) {
        let _ = rmp::encode::write_str(&mut self.0, text);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let _ = rmp::encode::write_bin(&mut self.0, bytes);
    }

    /// An id as a pair.
    pub(crate) fn id(&mut self, id: &str) {
        self.begin(2);
        let uuid = uuid_bytes(id);
        let _ = rmp::encode::write_bool(&mut self.0, uuid.is_some());
        match uuid {
            Some(bytes) => self.bytes(&bytes),
            None => self.text(id),
        }
    }

    /// A text as a pair, even if it looks like a UUID.
    pub(crate) fn text_pair(&mut self, text: &str) {
        self.begin(2);
        let _ = rmp::encode::write_bool(&mut self.0, false);
        self.text(text);
    }

    pub(crate) fn ids(&mut self, ids: &[String]) {
        self.begin(ids.len());
        ids.iter().for_each(|id| self.id(id));
    }

    /// An id without the pair around it: bytes for a UUID, else text.
    pub(crate) fn bare_id(&mut self, id: &str) {
        match uuid_bytes(id) {
            Some(bytes) => self.bytes(&bytes),
            None => self.text(id),
        }
    }

    /// An id that must be a UUID.
    pub(crate) fn uuid(&mut self, field: &'static str, id: &str) -> Result<(), AuthError> {
        let bytes = uuid_bytes(id).ok_or_else(|| AuthError::Unencodable { field, value: id.to_owned() })?;
        self.bytes(&bytes);
        Ok(())
    }

    /// Microseconds as floating point seconds.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn time(&mut self, field: &'static str, micros: i64) -> Result<(), AuthError> {
        let seconds = micros as f64 / 1e6;
        if !TIMES.contains(&seconds) {
            return Err(AuthError::Unencodable { field, value: format!("{micros} us") });
        }
        let _ = rmp::encode::write_f64(&mut self.0, seconds);
        Ok(())
    }

    pub(crate) fn audit_ids(&mut self, ids: &[String]) -> Result<(), AuthError> {
        self.begin(ids.len());
        ids.iter().try_for_each(|id| {
            let unencodable = |_| AuthError::Unencodable { field: "the audit id", value: id.clone() };
            self.bytes(&BASE64.decode(id).map_err(unencodable)?);
            Ok(())
        })
    }
}

/// Reads a payload. What it reads was signed by one of our keys, but a bug anywhere must not become a panic here.
pub(crate) struct Reader<'a>(&'a [u8]);

fn malformed<T>() -> Result<T, AuthError> {
    Err(AuthError::InvalidToken { reason: "its payload is malformed" })
}

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }

    /// Nothing may be left when all is read.
    pub(crate) fn end(&self) -> Result<(), AuthError> {
        if self.0.is_empty() { Ok(()) } else { malformed() }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], AuthError> {
        match self.0.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.0 = rest;
                Ok(*taken)
            }
            None => malformed(),
        }
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], AuthError> {
        match self.0.split_at_checked(length) {
            Some((taken, rest)) => {
                self.0 = rest;
                Ok(taken)
            }
            None => malformed(),
        }
    }

    fn marker(&mut self) -> Result<Marker, AuthError> {
        self.take::<1>().map(|[byte]| Marker::from_u8(byte))
    }

    pub(crate) fn array(&mut self) -> Result<usize, AuthError> {
        match self.marker()? {
            Marker::FixArray(length) => Ok(usize::from(length)),
            Marker::Array16 => Ok(usize::from(u16::from_be_bytes(self.take()?))),
            _ => malformed(),
        }
    }

    fn array_of(&mut self, length: usize) -> Result<(), AuthError> {
        if self.array()? == length { Ok(()) } else { malformed() }
    }

    fn bool(&mut self) -> Result<bool, AuthError> {
        match self.marker()? {
            Marker::True => Ok(true),
            Marker::False => Ok(false),
            _ => malformed(),
        }
    }

    fn uint_after(&mut self, marker: Marker) -> Result<u64, AuthError> {
        match marker {
            Marker::FixPos(value) => Ok(u64::from(value)),
            Marker::U8 => Ok(u64::from(u8::from_be_bytes(self.take()?))),
            Marker::U16 => Ok(u64::from(u16::from_be_bytes(self.take()?))),
            Marker::U32 => Ok(u64::from(u32::from_be_bytes(self.take()?))),
            Marker::U64 => Ok(u64::from_be_bytes(self.take()?)),
            _ => malformed(),
        }
    }

    pub(crate) fn uint(&mut self) -> Result<u64, AuthError> {
        let marker = self.marker()?;
        self.uint_after(marker)
    }

    /// Text or bytes; and whether it was written as bytes.
    fn raw(&mut self) -> Result<(&'a [u8], bool), AuthError> {
        let (length, is_bytes) = match self.marker()? {
            Marker::FixStr(length) => (usize::from(length), false),
            Marker::Str8 => (usize::from(u8::from_be_bytes(self.take()?)), false),
            Marker::Str16 => (usize::from(u16::from_be_bytes(self.take()?)), false),
            Marker::Bin8 => (usize::from(u8::from_be_bytes(self.take()?)), true),
            Marker::Bin16 => (usize::from(u16::from_be_bytes(self.take()?)), true),
            _ => return malformed(),
        };
        Ok((self.slice(length)?, is_bytes))
    }

    pub(crate) fn text(&mut self) -> Result<String, AuthError> {
        let (raw, _) = self.raw()?;
        std::str::from_utf8(raw).map(str::to_owned).or_else(|_| malformed())
    }

    pub(crate) fn uuid(&mut self) -> Result<String, AuthError> {
        let (raw, _) = self.raw()?;
        if raw.len() == 16 { Ok(uuid_text(raw)) } else { malformed() }
    }

    pub(crate) fn id(&mut self) -> Result<String, AuthError> {
        self.array_of(2)?;
        if self.bool()? { self.uuid() } else { self.text() }
    }

    pub(crate) fn ids(&mut self) -> Result<Vec<String>, AuthError> {
        let length = self.array()?;
        (0..length).map(|_| self.id()).collect()
    }

    pub(crate) fn bare_id(&mut self) -> Result<String, AuthError> {
        match self.raw()? {
            (raw, true) if raw.len() == 16 => Ok(uuid_text(raw)),
            (raw, _) => std::str::from_utf8(raw).map(str::to_owned).or_else(|_| malformed()),
        }
    }

    /// Floating point seconds as microseconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub(crate) fn time(&mut self) -> Result<i64, AuthError> {
        let seconds = match self.marker()? {
            Marker::F64 => f64::from_be_bytes(self.take()?),
            Marker::F32 => f64::from(f32::from_be_bytes(self.take()?)),
            marker => self.uint_after(marker)? as f64,
        };
        if !TIMES.contains(&seconds) {
            return malformed();
        }
        // The fraction of a float is exact, while multiplying the whole of it would round twice.
        Ok(seconds.trunc() as i64 * 1_000_000 + (seconds.fract() * 1e6).round() as i64)
    }

    pub(crate) fn audit_ids(&mut self) -> Result<Vec<String>, AuthError> {
        let length = self.array()?;
        (0..length).map(|_| Ok(BASE64.encode(self.raw()?.0))).collect()
    }
}
