//! VHDX, little-endian (Microsoft, [MS-VHDX]). The region table at 192 KiB says where the metadata region is; its table
//! says where the items are, among them the disk's size and whether there is a parent.

use crate::{
    Format, Hazard,
    bytes::{array, le16, le32, le64},
    inspection::{Found, View},
};

const REGION_TABLE: usize = 192 * 1024;
const MAX_ENTRIES: usize = 2047;
/// 8B7CA206-4790-4B9A-B8FE-575F050F886E as it stands on disk.
const METADATA_REGION: [u8; 16] =
    [0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e];
/// 2FA54224-CD1B-4876-B211-5DBED83BF4B8
const VIRTUAL_DISK_SIZE: [u8; 16] =
    [0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8];
/// CAA16737-FA36-4D43-B3B6-33F0AA44E76B
const FILE_PARAMETERS: [u8; 16] =
    [0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b];
const HAS_PARENT: u32 = 0b10;

/// Where the metadata region begins, in bytes, if this is VHDX.
pub(crate) fn metadata_offset(head: &[u8]) -> Option<u64> {
    if !head.starts_with(b"vhdxfile") {
        return None;
    }
    let table = head.get(REGION_TABLE..)?;
    if !table.starts_with(b"regi") {
        return None;
    }
    let count = usize::try_from(le32(table, 8)?).ok()?.min(MAX_ENTRIES);
    let entry = (0..count).map(|index| 16 + index * 32).find(|at| array(table, *at) == Some(METADATA_REGION))?;
    le64(table, entry + 16)
}

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    if !view.head.starts_with(b"vhdxfile") {
        return None;
    }
    let mut found = Found::new(Format::Vhdx);
    let parameters = item(view.window, FILE_PARAMETERS).and_then(|at| le32(view.window, at + 4));
    let size = item(view.window, VIRTUAL_DISK_SIZE).and_then(|at| le64(view.window, at));
    let (Some(parameters), Some(size)) = (parameters, size) else {
        return Some(found.malformed("the metadata region is missing or out of place"));
    };
    found.virtual_size = Some(size);
    if parameters & HAS_PARENT != 0 {
        found.backing_file = Some(String::new());
        found.hazards.push(Hazard::BackingFile { name: String::new() });
    }
    Some(found)
}

/// Offset of an item within the metadata region; eight bytes from there are safe to add to.
fn item(region: &[u8], id: [u8; 16]) -> Option<usize> {
    if !region.starts_with(b"metadata") {
        return None;
    }
    let count = usize::from(le16(region, 10)?).min(MAX_ENTRIES);
    let entry = (1..=count).map(|index| index * 32).find(|at| array(region, *at) == Some(id))?;
    let offset = usize::try_from(le32(region, entry + 16)?).ok()?;
    (offset < region.len()).then_some(offset)
}
