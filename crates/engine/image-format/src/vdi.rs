//! VDI, little-endian (VirtualBox; as read by QEMU's block/vdi.c).

use crate::{
    Format, Hazard,
    bytes::{array, le32, le64},
    inspection::{Found, View},
};

const SIGNATURE: u32 = 0xbeda_107f;
const DYNAMIC: u32 = 1;
const STATIC: u32 = 2;

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let head = view.head;
    if le32(head, 64) != Some(SIGNATURE) {
        return None;
    }
    let mut found = Found::new(Format::Vdi);
    let fields = (le32(head, 76), le64(head, 368), array::<32>(head, 424));
    let (Some(kind), Some(size), Some(parents)) = fields else {
        return Some(found.malformed("the header is cut short"));
    };
    found.virtual_size = Some(size);
    // Undo and differencing images read from a parent, which the two ids name.
    if !matches!(kind, DYNAMIC | STATIC) || parents != [0; 32] {
        found.backing_file = Some(String::new());
        found.hazards.push(Hazard::BackingFile { name: String::new() });
    }
    Some(found)
}
