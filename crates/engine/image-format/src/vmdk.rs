//! VMDK (VMware, Virtual Disk Format 5.0). A sparse header (`KDMV`) with an embedded text descriptor, or that descriptor
//! alone, naming the files with the data. Only the variants that are one file in themselves are accepted.

use crate::{
    Format, Hazard,
    bytes::{array, le32, le64, shown},
    inspection::{Found, View},
};

/// The embedded descriptor begins at the second sector in every image that QEMU and VMware write.
const DESCRIPTOR_OFFSET: usize = 512;
/// Real descriptors have about one kilobyte.
const MAX_DESCRIPTOR: usize = 64 * 1024;
const HEADER: usize = 64;
const DIRECTORY_AT_END: u64 = u64::MAX;
const MARKER_END_OF_STREAM: u32 = 0;
const MARKER_FOOTER: u32 = 3;
const ALLOWED: [&str; 2] = ["monolithicsparse", "streamoptimized"];

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    if view.head.starts_with(b"KDMV") {
        let found = sparse(view);
        return Some(found.unwrap_or_else(|| Found::new(Format::Vmdk).malformed("the header is cut short")));
    }
    if view.head.starts_with(b"COWD") {
        let hazards = vec![Hazard::UnsupportedVariant { name: "COWD".to_owned() }];
        return Some(Found { hazards, ..Found::new(Format::Vmdk) });
    }
    // A descriptor alone. Its files are elsewhere by definition, so it is refused whatever it says.
    let text = descriptor_text(view.head.get(..MAX_DESCRIPTOR).unwrap_or(view.head))?;
    if !looks_like_descriptor(&text) {
        return None;
    }
    let mut found = Found::new(Format::Vmdk);
    found.hazards.push(Hazard::UnsupportedVariant { name: "descriptor without data".to_owned() });
    judge(&text, &mut found);
    Some(found)
}

/// The fields of a sparse header (or footer) that must not differ between the two.
#[derive(PartialEq)]
struct Header {
    version: u32,
    descriptor_sector: u64,
    descriptor_sectors: u64,
}

fn header(data: &[u8]) -> Option<Header> {
    data.get(..HEADER)?;
    Some(Header { version: le32(data, 4)?, descriptor_sector: le64(data, 28)?, descriptor_sectors: le64(data, 36)? })
}

fn sparse(view: &View<'_>) -> Option<Found> {
    let head = view.head;
    let mut found = Found::new(Format::Vmdk);
    let header = header(head)?;
    if !(1..=3).contains(&header.version) {
        found.hazards.push(Hazard::UnsupportedVersion { version: header.version });
        return Some(found);
    }
    found.virtual_size = le64(head, 12)?.checked_mul(512);
    if found.virtual_size.is_none() {
        return Some(found.malformed("the disk size is out of range"));
    }
    if header.descriptor_sector != 1 {
        return Some(found.malformed("the descriptor is not at the second sector"));
    }
    let length = usize::try_from(header.descriptor_sectors).ok().and_then(|sectors| sectors.checked_mul(512));
    let Some(length) = length.filter(|length| *length <= MAX_DESCRIPTOR) else {
        return Some(found.malformed("the descriptor is too long"));
    };
    let Some(text) = head.get(DESCRIPTOR_OFFSET..DESCRIPTOR_OFFSET + length).and_then(descriptor_text) else {
        return Some(found.malformed("the descriptor is no text or cut short"));
    };
    judge(&text, &mut found);
    // With the directory at the end, a footer there overrides the header; it must say the same.
    if le64(head, 56)? == DIRECTORY_AT_END && !footer_agrees(view.tail, &header) {
        return Some(found.malformed("the footer does not agree with the header"));
    }
    Some(found)
}

/// The last three sectors are: footer marker, footer, end-of-stream marker.
fn footer_agrees(tail: &[u8], wanted: &Header) -> bool {
    let Some(last) = tail.len().checked_sub(3 * 512).and_then(|start| tail.get(start..)) else { return false };
    let marker = |sector: usize, kind: u32| {
        le32(last, sector * 512 + 8) == Some(0)
            && le32(last, sector * 512 + 12) == Some(kind)
            && last[sector * 512 + 16..(sector + 1) * 512].iter().all(|byte| *byte == 0)
    };
    let footer = &last[512..1024];
    marker(0, MARKER_FOOTER)
        && marker(2, MARKER_END_OF_STREAM)
        && array(last, 1024) == Some([0_u8; 8])
        && footer.starts_with(b"KDMV")
        && header(footer).as_ref() == Some(wanted)
        && le64(footer, 56) != Some(DIRECTORY_AT_END)
}

/// The text up to its padding, in lower case as the format ignores case.
fn descriptor_text(data: &[u8]) -> Option<String> {
    let text = data.split(|byte| *byte == 0).next()?;
    let is_text = text.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    (is_text && !text.is_empty()).then(|| String::from_utf8_lossy(text).to_ascii_lowercase())
}

/// As QEMU tells it: the first line that is no comment is a version. Older files are known by their create type.
fn looks_like_descriptor(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| line.starts_with("version=")) || text.contains("createtype=")
}

/// Every line must be understood; what reaches outside of the image is a hazard.
fn judge(text: &str, found: &mut Found) {
    let mut extents = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let access = line.split_ascii_whitespace().next().unwrap_or_default();
        if line.starts_with("ddb") {
            continue;
        }
        if matches!(access, "rw" | "rdonly" | "noaccess") {
            extents += 1;
            if line.contains(['/', '\\']) || extents > 1 {
                found.hazards.push(Hazard::ForeignExtent { line: shown(line.as_bytes()) });
            }
            continue;
        }
        match line.split_once('=') {
            Some((name, value)) if !name.trim_end().contains(char::is_whitespace) => {
                field(name.trim_end(), value.trim().trim_matches('"'), found);
            }
            _ => found.hazards.push(Hazard::Malformed { what: "the descriptor has a line that is not understood" }),
        }
        // One reason is enough; a hostile descriptor must not make a long list.
        if found.hazards.len() > 8 {
            return;
        }
    }
    match found.variant.as_deref() {
        Some(variant) if ALLOWED.contains(&variant) => {}
        variant => {
            let name = variant.unwrap_or_default().to_owned();
            found.hazards.push(Hazard::UnsupportedVariant { name });
        }
    }
    if extents == 0 {
        found.hazards.push(Hazard::Malformed { what: "the descriptor has no extent" });
    }
}

fn field(name: &str, value: &str, found: &mut Found) {
    match name {
        "createtype" => found.variant = Some(shown(value.as_bytes())),
        "parentcid" if value != "ffffffff" && found.backing_file.is_none() => {
            found.backing_file = Some(String::new());
            found.hazards.push(Hazard::BackingFile { name: String::new() });
        }
        "parentfilenamehint" => {
            let name = shown(value.as_bytes());
            found.hazards.push(Hazard::BackingFile { name: name.clone() });
            found.backing_file = Some(name);
        }
        _ => {}
    }
}
