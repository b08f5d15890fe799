//! LUKS, big-endian (LUKS On-Disk Format Specification, versions 1 and 2).

use crate::{
    Encryption, Format,
    bytes::{be16, be32},
    inspection::{Found, View},
};

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let head = view.head;
    if !head.starts_with(b"LUKS\xba\xbe") {
        return None;
    }
    let mut found = Found::new(Format::Luks);
    let Some(version) = be16(head, 6) else {
        return Some(found.malformed("the header is cut short"));
    };
    found.encryption = Some(Encryption::Luks(version));
    if version == 1 {
        // The payload runs from here, in sectors of 512 bytes, to the end.
        let payload = be32(head, 104).map(|sectors| u64::from(sectors) * 512);
        found.virtual_size = payload.and_then(|offset| view.size.checked_sub(offset));
    }
    Some(found)
}
