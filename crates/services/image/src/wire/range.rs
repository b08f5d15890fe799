//! The header `Range` of downloads (RFC 9110, section 14).

use crate::{ImageError, file_store::ByteRange};

/// The part of `size` bytes that is wanted; none = all of them. Several ranges at once and other units are not served:
/// as the RFC allows, all data is sent then.
pub(crate) fn parse(header: Option<&str>, size: u64) -> Result<Option<ByteRange>, ImageError> {
    let Some(header) = header else { return Ok(None) };
    let Some((unit, set)) = header.split_once('=') else { return Ok(None) };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Ok(None);
    }
    let outside = || ImageError::OutOfRange { range: header.chars().take(80).collect(), size };
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| outside());
    let (first, last) = set.split_once('-').ok_or_else(outside)?;
    let (start, end) = if first.trim().is_empty() {
        (size.saturating_sub(number(last)?), size)
    } else if last.trim().is_empty() {
        (number(first)?, size)
    } else {
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            return Err(outside());
        }
        (first, last.saturating_add(1).min(size))
    };
    if start >= end { Err(outside()) } else { Ok(Some(ByteRange { start, length: end - start })) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let range = |header| parse(Some(header), 10);
        let part = |start, length| Some(ByteRange { start, length });
        for (header, expected) in [
            ("bytes=0-4", part(0, 5)),
            ("bytes=5-", part(5, 5)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=8-20", part(8, 2)),
            ("Bytes = 9-9", part(9, 1)),
            ("bytes=0-1,3-4", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(range(header).unwrap(), expected, "{header}");
        }
        for header in ["bytes=10-", "bytes=4-2", "bytes=-0", "bytes=a-b", "bytes=5", "bytes=-"] {
            assert!(matches!(range(header), Err(ImageError::OutOfRange { .. })), "{header}");
        }
        assert!(parse(Some("bytes=0-0"), 0).is_err());
        assert_eq!(parse(None, 10).unwrap(), None);
    }
}
