//! qcow2, big-endian (QEMU, docs/interop/qcow2.txt).

use crate::{
    Encryption, Format, Hazard,
    bytes::{be32, be64, shown, slice},
    inspection::{Found, View},
};

/// Incompatible features that are known: dirty, corrupt, external data file, compression type, extended L2 entries.
const KNOWN_FEATURES: u64 = 0b1_1111;
const EXTERNAL_DATA_FILE: u64 = 0b100;
const EXTENSION_END: u32 = 0;
const EXTENSION_DATA_FILE_NAME: u32 = 0x4441_5441;
/// QEMU takes no longer names.
const MAX_BACKING_NAME: u64 = 1023;

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let head = view.head;
    if !head.starts_with(b"QFI\xfb") {
        return None;
    }
    let found = Found::new(Format::Qcow2);
    Some(match be32(head, 4) {
        Some(version @ (2 | 3)) => parse(head, version).unwrap_or_else(|| found.malformed("the header is cut short")),
        Some(version) => {
            let hazards = vec![Hazard::UnsupportedVersion { version }];
            Found { hazards, ..found }
        }
        None => found.malformed("the header is cut short"),
    })
}

fn parse(head: &[u8], version: u32) -> Option<Found> {
    let mut found = Found::new(Format::Qcow2);
    let cluster_bits = be32(head, 20)?;
    let virtual_size = be64(head, 24)?;
    found.encryption = match be32(head, 32)? {
        1 => Some(Encryption::QcowAes),
        2 => Some(Encryption::Luks(1)),
        _ => None,
    };
    // The fixed part of a version 2 header ends at 72.
    let header_length = if version == 2 { be32(head, 68).map(|_| 72)? } else { be32(head, 100)? };
    let features = if version == 2 { 0 } else { be64(head, 72)? };

    if !(9..=21).contains(&cluster_bits) {
        return Some(found.malformed("the cluster size is out of range"));
    }
    if i64::try_from(virtual_size).is_err() {
        return Some(found.malformed("the disk size is out of range"));
    }
    if version == 3 && (header_length < 104 || header_length % 8 != 0 || header_length > 1 << cluster_bits) {
        return Some(found.malformed("the header length is out of range"));
    }
    found.virtual_size = Some(virtual_size);

    let unknown = features & !KNOWN_FEATURES;
    if unknown != 0 {
        found.hazards.push(Hazard::UnknownFeatures { bits: unknown });
    }
    // Zero means none; the name is only for people, its absence does not make the image safe.
    let backing_offset = be64(head, 8)?;
    if backing_offset != 0 {
        let length = u64::from(be32(head, 16)?).min(MAX_BACKING_NAME);
        let name = slice(head, backing_offset, length).map(shown).unwrap_or_default();
        found.hazards.push(Hazard::BackingFile { name: name.clone() });
        found.backing_file = Some(name);
    }
    let data_name = data_file_name(head, header_length, 1 << cluster_bits);
    if features & EXTERNAL_DATA_FILE != 0 || data_name.is_some() {
        let name = data_name.unwrap_or_default();
        found.hazards.push(Hazard::DataFile { name: name.clone() });
        found.data_file = Some(name);
    }
    Some(found)
}

/// Walks the header extensions, which stay within the first cluster; each is type, length, data padded to 8 bytes.
fn data_file_name(head: &[u8], start: u32, cluster_size: u64) -> Option<String> {
    let mut at = u64::from(start);
    while at < cluster_size {
        let kind = be32(head, usize::try_from(at).ok()?)?;
        let length = u64::from(be32(head, usize::try_from(at + 4).ok()?)?);
        match kind {
            EXTENSION_END => return None,
            EXTENSION_DATA_FILE_NAME => return Some(slice(head, at + 8, length).map(shown).unwrap_or_default()),
            _ => at += 8 + length.next_multiple_of(8),
        }
    }
    None
}
