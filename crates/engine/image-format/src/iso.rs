//! ISO 9660 (ECMA-119) and UDF (ECMA-167): the volume descriptors begin at 32 KiB.

use crate::{
    Format,
    bytes::{array, le16, le32},
    inspection::{Found, View},
};

const DESCRIPTOR: usize = 32 * 1024;
const PRIMARY: u8 = 1;

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let head = view.head;
    let mark: [u8; 5] = array(head, DESCRIPTOR + 1)?;
    if !matches!(&mark, b"CD001" | b"NSR02" | b"NSR03") {
        return None;
    }
    let mut found = Found::new(Format::Iso);
    if head.get(DESCRIPTOR) == Some(&PRIMARY) {
        // Both fields stand there twice, little-endian first.
        let blocks = le32(head, DESCRIPTOR + 80).map(u64::from);
        let block_size = le16(head, DESCRIPTOR + 128).map(u64::from);
        found.virtual_size = blocks.zip(block_size).map(|(blocks, size)| blocks * size);
    }
    Some(found)
}
