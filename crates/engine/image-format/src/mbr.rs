//! Partitioned disks: the master boot record, also the protective one in front of a GPT (UEFI 2.10, chapter 5).

use crate::{
    Format, Hazard,
    bytes::{le16, le32},
    inspection::{Found, View},
};

const SECTOR: usize = 512;
const FIRST_ENTRY: usize = 446;
const ENTRY: usize = 16;
const GPT_PROTECTIVE: u8 = 0xee;

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let sector = view.head.get(..SECTOR)?;
    if le16(sector, 510) != Some(0xaa55) || is_fat(sector) {
        return None;
    }
    let what = broken_rule(sector);
    let hazards = what.map(|what| Hazard::PartitionTable { what }).into_iter().collect();
    Some(Found { hazards, ..Found::new(Format::Gpt) })
}

/// A FAT filesystem's boot sector has the same mark: two tables and the media byte of a fixed disk tell it.
fn is_fat(sector: &[u8]) -> bool {
    sector.get(0x10) == Some(&2) && sector.get(0x15) == Some(&0xf8)
}

fn broken_rule(sector: &[u8]) -> Option<&'static str> {
    let entries = sector.get(FIRST_ENTRY..FIRST_ENTRY + 4 * ENTRY)?.as_chunks::<ENTRY>().0;
    if entries.iter().any(|entry| !matches!(entry[0], 0x00 | 0x80)) {
        return Some("an entry's boot flag is neither 0 nor 0x80");
    }
    let used: Vec<_> = (0..4).filter(|index| entries[*index][4] != 0).collect();
    if used.is_empty() {
        return Some("it has no partition");
    }
    for entry in entries.iter().filter(|entry| entry[4] == GPT_PROTECTIVE) {
        if entry[1..4] != [0x00, 0x02, 0x00] || le32(entry, 8) != Some(1) {
            return Some("the protective entry of the GPT does not begin at the second sector");
        }
        if used != [0] {
            return Some("there are other entries beside the protective one of the GPT");
        }
    }
    None
}
