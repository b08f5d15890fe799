//! Audit ids that say at which generation their token was made.
//!
//! A token tells its time in whole seconds, too coarse to decide whether it was made before or after its user's password
//! changed, and clocks of controllers differ. The generation is exact: every revocation raises it. So the first six bytes
//! of an audit id hold it; the bits that make a UUID of version 8 mark such an id. Ids made elsewhere are of version 4.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// A new audit id: 16 bytes in URL-safe base64, 74 bits of them random.
pub(crate) fn new(generation: i64) -> String {
    let mut bytes = Uuid::new_v4().into_bytes();
    let [_, _, stamp @ ..] = generation.to_be_bytes();
    bytes[..6].copy_from_slice(&stamp);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The generation at which the token was made; none when another implementation made it.
pub(crate) fn generation(audit_id: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(audit_id).ok()?;
    let uuid = Uuid::from_slice(&bytes).ok()?;
    if uuid.get_version_num() != 8 || uuid.get_variant() != uuid::Variant::RFC4122 {
        return None;
    }
    Some(bytes.get(..6)?.iter().fold(0, |value, byte| value << 8 | i64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_id_keeps_its_generation() {
        for number in [0, 1, 255, 256, 1 << 47, (1 << 48) - 1] {
            let id = new(number);
            assert_eq!((id.len(), generation(&id)), (22, Some(number)));
            assert_ne!(id, new(number));
        }
    }

    #[test]
    fn ids_made_elsewhere_have_none() {
        assert_eq!(generation(&URL_SAFE_NO_PAD.encode(Uuid::new_v4().into_bytes())), None);
        assert_eq!(generation("short"), None);
        assert_eq!(generation("****"), None);
    }
}
