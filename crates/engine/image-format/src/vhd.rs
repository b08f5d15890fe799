//! VHD, big-endian (Microsoft, Virtual Hard Disk Image Format Specification). Dynamic disks begin with a copy of the
//! footer; fixed ones are a raw disk with the footer behind it.

use crate::{
    Format, Hazard,
    bytes::{be32, be64, shown},
    inspection::{Found, View},
};

const COOKIE: &[u8] = b"conectix";
const FOOTER: usize = 512;
const FIXED: u32 = 2;
const DYNAMIC: u32 = 3;
const DIFFERENCING: u32 = 4;

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let head = view.head;
    if !head.starts_with(COOKIE) {
        return None;
    }
    let mut found = Found::new(Format::Vhd);
    let (Some(size), Some(kind), true) = (be64(head, 48), be32(head, 60), head.len() >= FOOTER) else {
        return Some(found.malformed("the header is cut short"));
    };
    found.virtual_size = Some(size);
    match kind {
        FIXED | DYNAMIC => {}
        DIFFERENCING => {
            // The dynamic header follows the footer's copy; the parent's name in it is UTF-16, big-endian.
            let name = head.get(512 + 64..512 + 576).map(utf16_name).unwrap_or_default();
            found.hazards.push(Hazard::BackingFile { name: name.clone() });
            found.backing_file = Some(name);
        }
        other => found.hazards.push(Hazard::UnsupportedVariant { name: format!("disk type {other}") }),
    }
    Some(found)
}

/// Size of the disk in front of the footer of a fixed VHD, if that is how the image ends.
pub(crate) fn fixed_size(view: &View<'_>) -> Option<u64> {
    let footer = view.tail.get(view.tail.len().checked_sub(FOOTER)?..)?;
    let size = be64(footer, 48)?;
    let sum = footer.iter().enumerate().filter(|(at, _)| !(64..68).contains(at)).map(|(_, byte)| u32::from(*byte));
    let whole = footer.starts_with(COOKIE)
        && be32(footer, 60)? == FIXED
        && be32(footer, 64)? == !sum.sum::<u32>()
        && size.checked_add(FOOTER as u64)? == view.size;
    whole.then_some(size)
}

fn utf16_name(data: &[u8]) -> String {
    let units = data.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
    let text: String = char::decode_utf16(units.take_while(|unit| *unit != 0)).map(|c| c.unwrap_or('?')).collect();
    shown(text.as_bytes())
}
