//! Whatever comes in, nothing panics, nothing grows and chunking changes nothing.

use proptest::{collection::vec, prelude::*, sample::Index};

use super::{inspect_in, samples::*};
use crate::{DiskFormat, Inspector, MAX_KEPT};

fn sample() -> impl Strategy<Value = Vec<u8>> {
    let samples =
        [qcow2(), vhd(3), vmdk(DESCRIPTOR), vmdk_stream(), vdi(), iso(), mbr(), luks(1), ploop(), tar(), vhdx(0)];
    proptest::sample::select(samples.to_vec())
}

/// Bytes that headers are sensitive to.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0), Just(0xff), Just(0x7f), Just(0x80), Just(1), any::<u8>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_bytes(image in vec(any::<u8>(), 0..4096), chunk in 1_usize..5000) {
        let inspection = inspect_in(&image, chunk);
        prop_assert_eq!(inspection.size, image.len() as u64);
        for declared in DiskFormat::ALL {
            let _ = inspection.check(declared);
            inspection.virtual_size_as(declared);
        }
    }

    #[test]
    fn a_magic_followed_by_random_bytes(image in sample(), rest in vec(byte(), 0..2048), keep in 4_usize..80) {
        let mut image = image[..keep.min(image.len())].to_vec();
        image.extend(rest);
        let inspection = inspect_in(&image, 4096);
        for declared in DiskFormat::ALL {
            let _ = inspection.check(declared).map_err(|refusal| refusal.to_string());
        }
    }

    #[test]
    fn mutated_headers(
        mut image in sample(),
        changes in vec((any::<Index>(), 0_usize..3, byte()), 1..24),
        cut in any::<Index>(),
        whole in any::<bool>(),
        chunk in 500_usize..400_000,
    ) {
        // The places that matter: the front, VHDX's region table, its metadata.
        for (at, place, byte) in changes {
            let (start, length) = [(0, 1024), (192 * 1024, 96), (2 << 20, 128)][place];
            if image.len() >= start + length {
                image[start + at.index(length)] = byte;
            }
        }
        if !whole {
            image.truncate(cut.index(image.len()));
        }
        prop_assert_eq!(inspect_in(&image, chunk), inspect_in(&image, 1 << 30));
    }
}

#[test]
fn memory_is_bounded_however_long_the_image_is() {
    let mut inspector = Inspector::new();
    inspector.feed(&vhdx(0));
    let chunk = vec![0; 1 << 20];
    for _ in 0..64 {
        inspector.feed(&chunk);
    }
    assert_eq!(inspector.size(), 67 << 20);
    assert!(inspector.kept() <= MAX_KEPT, "{} bytes kept", inspector.kept());
}
