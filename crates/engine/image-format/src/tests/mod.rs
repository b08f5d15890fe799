//! Headers are made here by the specifications, not by the parsers' own constants.

mod formats;
mod random;
mod real_images;
mod samples;

use crate::{DiskFormat, Inspection, Inspector, Mismatch};

/// Inspects `image` in chunks of `chunk` bytes.
fn inspect_in(image: &[u8], chunk: usize) -> Inspection {
    let mut inspector = Inspector::new();
    image.chunks(chunk).for_each(|chunk| inspector.feed(chunk));
    inspector.finish()
}

fn inspect(image: &[u8]) -> Inspection {
    let whole = inspect_in(image, image.len().max(1));
    // However the bytes arrive, the verdict is the same.
    for chunk in [1000, 4096, 65_536, 300_000] {
        assert_eq!(inspect_in(image, chunk), whole, "chunks of {chunk}");
    }
    whole
}

fn refusal(image: &[u8], declared: DiskFormat) -> String {
    match inspect(image).check(declared) {
        Err(refusal @ Mismatch::Unsafe { .. }) => refusal.to_string(),
        other => panic!("expected an unsafe image, got {other:?}"),
    }
}
