//! Parallels disks, little-endian (QEMU, docs/interop/parallels.txt).

use crate::{
    Format,
    bytes::{le32, le64},
    inspection::{Found, View},
};

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let head = view.head;
    let mut found = Found::new(Format::Ploop);
    // The older kind has only the lower half of the number of sectors.
    let sectors = if head.starts_with(b"WithouFreSpacExt") {
        le64(head, 36)
    } else if head.starts_with(b"WithoutFreeSpace") {
        le32(head, 36).map(u64::from)
    } else {
        return None;
    };
    found.virtual_size = sectors.and_then(|sectors| sectors.checked_mul(512));
    Some(if found.virtual_size.is_some() { found } else { found.malformed("the header is cut short") })
}
