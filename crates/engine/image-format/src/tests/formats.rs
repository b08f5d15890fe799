use super::{inspect, refusal, samples::*};
use crate::{DiskFormat, Encryption, Format, Hazard, Mismatch};

const SIZE: u64 = 64 << 20;

#[test]
fn every_format_is_recognized_with_its_size() {
    let samples = [
        (qcow2(), Format::Qcow2, DiskFormat::Qcow2, SIZE),
        (vhd(3), Format::Vhd, DiskFormat::Vhd, SIZE),
        (vhdx(0), Format::Vhdx, DiskFormat::Vhdx, SIZE),
        (vmdk(DESCRIPTOR), Format::Vmdk, DiskFormat::Vmdk, SIZE),
        (vmdk_stream(), Format::Vmdk, DiskFormat::Vmdk, SIZE),
        (vdi(), Format::Vdi, DiskFormat::Vdi, SIZE),
        (iso(), Format::Iso, DiskFormat::Iso, 204_800),
        (mbr(), Format::Gpt, DiskFormat::Gpt, 1 << 20),
        (ploop(), Format::Ploop, DiskFormat::Ploop, SIZE),
        (vec![7; 5000], Format::Raw, DiskFormat::Raw, 5000),
    ];
    for (image, format, declared, virtual_size) in samples {
        let inspection = inspect(&image);
        assert_eq!(inspection.format, format);
        assert_eq!(inspection.size, image.len() as u64);
        assert_eq!(inspection.virtual_size, Some(virtual_size), "{format}");
        assert_eq!(inspection.virtual_size_as(declared), virtual_size, "{format}");
        assert_eq!(inspection.check(declared), Ok(()), "{format}");
    }
}

#[test]
fn what_is_declared_raw_must_be_a_plain_run_of_bytes() {
    for image in [vec![], vec![1; 1024], mbr(), luks(1), luks(2), tar()] {
        let inspection = inspect(&image);
        assert_eq!(inspection.check(DiskFormat::Raw), Ok(()), "{:?}", inspection.format);
        assert_eq!(inspection.virtual_size_as(DiskFormat::Raw), image.len() as u64);
    }
    for image in [qcow2(), vhd(3), vhdx(0), vmdk(DESCRIPTOR), vdi(), iso(), ploop(), b"QED\0".to_vec()] {
        let inspection = inspect(&image);
        let found = inspection.format;
        let expected = Mismatch::Format { declared: DiskFormat::Raw, found };
        assert_eq!(inspection.check(DiskFormat::Raw), Err(expected), "{found}");
    }
}

#[test]
fn no_format_passes_as_another() {
    let images = [qcow2(), vhd(3), vhdx(0), vmdk(DESCRIPTOR), vdi(), iso(), mbr(), ploop(), vec![1; 1024]];
    let own = ["qcow2", "vhd", "vhdx", "vmdk", "vdi", "iso", "gpt", "ploop", "raw"];
    for (image, own) in images.iter().zip(own) {
        for declared in DiskFormat::ALL {
            // A partitioned disk is also raw; what has no mark may be an Amazon or Parallels image.
            let fits = match (own, declared.as_str()) {
                ("gpt", "raw" | "ami" | "ari" | "aki") | ("raw", "ami" | "ari" | "aki" | "ploop") => true,
                (own, declared) => own == declared,
            };
            assert_eq!(inspect(image).check(declared).is_ok(), fits, "{own} as {declared}");
        }
    }
}

#[test]
fn a_qcow2_with_a_backing_file_is_refused() {
    let mut image = qcow2();
    put(&mut image, 8, &0x200_u64.to_be_bytes());
    put(&mut image, 16, &11_u32.to_be_bytes());
    put(&mut image, 0x200, b"/etc/shadow");
    assert_eq!(inspect(&image).backing_file.as_deref(), Some("/etc/shadow"));
    assert!(refusal(&image, DiskFormat::Qcow2).contains("backing file \"/etc/shadow\""));

    // An offset to nowhere still says that there is one.
    put(&mut image, 8, &u64::MAX.to_be_bytes());
    assert_eq!(inspect(&image).hazards, [Hazard::BackingFile { name: String::new() }]);
}

#[test]
fn a_qcow2_with_a_data_file_is_refused() {
    let mut image = qcow2();
    put(&mut image, 72, &0b100_u64.to_be_bytes());
    assert_eq!(inspect(&image).hazards, [Hazard::DataFile { name: String::new() }]);
    // Behind another extension, whose data is padded to 8 bytes.
    put(&mut image, 112, &0x6803_f857_u32.to_be_bytes());
    put(&mut image, 116, &3_u32.to_be_bytes());
    put(&mut image, 128, &0x4441_5441_u32.to_be_bytes());
    put(&mut image, 132, &8_u32.to_be_bytes());
    put(&mut image, 136, b"/dev/sda");
    assert_eq!(inspect(&image).data_file.as_deref(), Some("/dev/sda"));
    // The name alone, without the feature bit, is refused too.
    put(&mut image, 72, &0_u64.to_be_bytes());
    assert!(refusal(&image, DiskFormat::Qcow2).contains("/dev/sda"));
}

#[test]
fn a_qcow2_is_refused_when_it_is_not_understood() {
    let mut image = qcow2();
    put(&mut image, 72, &(1_u64 << 40).to_be_bytes());
    assert_eq!(inspect(&image).hazards, [Hazard::UnknownFeatures { bits: 1 << 40 }]);
    // Dirty, compression type and extended L2 entries are known.
    put(&mut image, 72, &0b1_1001_u64.to_be_bytes());
    assert_eq!(inspect(&image).check(DiskFormat::Qcow2), Ok(()));

    let mut old = qcow2();
    put(&mut old, 4, &1_u32.to_be_bytes());
    assert_eq!(inspect(&old).hazards, [Hazard::UnsupportedVersion { version: 1 }]);
    assert!(refusal(b"QFI\xfb", DiskFormat::Qcow2).contains("cut short"));
    let mut wide = qcow2();
    put(&mut wide, 20, &64_u32.to_be_bytes());
    assert!(refusal(&wide, DiskFormat::Qcow2).contains("cluster size"));
    let mut huge = qcow2();
    put(&mut huge, 24, &u64::MAX.to_be_bytes());
    assert!(refusal(&huge, DiskFormat::Qcow2).contains("disk size"));
}

#[test]
fn a_version_2_qcow2_has_no_feature_bits() {
    let mut image = qcow2();
    put(&mut image, 4, &2_u32.to_be_bytes());
    put(&mut image, 32, &1_u32.to_be_bytes());
    // Here the header extensions begin; a zero ends them.
    put(&mut image, 72, &0_u64.to_be_bytes());
    put(&mut image, 80, &u64::MAX.to_be_bytes());
    let inspection = inspect(&image);
    assert_eq!(inspection.check(DiskFormat::Qcow2), Ok(()));
    assert_eq!(inspection.encryption, Some(Encryption::QcowAes));
}

#[test]
fn vmdk_extents_must_stay_within_the_image() {
    for (from, to, reason) in [
        ("\"disk.vmdk\"", "\"/etc/passwd\"", "names another file"),
        ("\"disk.vmdk\"", "\"disk.vmdk\"\nRW 1 FLAT \"more.vmdk\"", "names another file"),
        ("RW 131072 SPARSE \"disk.vmdk\"", "", "no extent"),
        ("monolithicSparse", "monolithicFlat", "variant \"monolithicflat\""),
        ("createType=\"monolithicSparse\"", "", "variant \"\""),
        ("parentCID=ffffffff", "parentCID=12345678", "backing file"),
        ("#DDB", "parentFileNameHint=\"base.vmdk\"", "backing file \"base.vmdk\""),
        ("#DDB", "some words", "not understood"),
    ] {
        let refusal = refusal(&vmdk(&DESCRIPTOR.replace(from, to)), DiskFormat::Vmdk);
        assert!(refusal.contains(reason), "{to}: {refusal}");
    }
}

#[test]
fn vmdk_descriptors_without_data_are_refused() {
    let flat = DESCRIPTOR.replace("monolithicSparse", "monolithicFlat");
    for text in [flat.as_str(), "# comment\n\nversion=3\n", "createType=\"vmfs\""] {
        assert_eq!(inspect(text.as_bytes()).format, Format::Vmdk);
        refusal(text.as_bytes(), DiskFormat::Vmdk);
    }
    assert_eq!(inspect(b"# just a script\necho version=1\n").format, Format::Raw);
    assert!(refusal(b"COWD\x01\x00\x00\x00", DiskFormat::Vmdk).contains("COWD"));
}

#[test]
fn a_vmdk_footer_must_agree_with_its_header() {
    let good = vmdk_stream();
    let end = good.len();
    for (offset, bytes, what) in [
        (end - 1024, b"KDMX".as_slice(), "no footer"),
        (end - 1024 + 28, &[9], "another descriptor"),
        (end - 1536 + 12, &[2], "another marker"),
        (end - 512 + 12, &[1], "no end of stream"),
    ] {
        let mut image = good.clone();
        put(&mut image, offset, bytes);
        assert!(refusal(&image, DiskFormat::Vmdk).contains("footer"), "{what}");
    }
    assert!(refusal(&good[..600 + 20 * 512], DiskFormat::Vmdk).contains("footer"));
    let mut moved = vmdk(DESCRIPTOR);
    put(&mut moved, 28, &7_u64.to_le_bytes());
    assert!(refusal(&moved, DiskFormat::Vmdk).contains("second sector"));
}

#[test]
fn images_with_parents_are_refused() {
    assert!(refusal(&vhd(4), DiskFormat::Vhd).contains("backing file"));
    assert!(refusal(&vhd(9), DiskFormat::Vhd).contains("disk type 9"));
    assert!(refusal(&vhdx(0b10), DiskFormat::Vhdx).contains("backing file"));
    let mut differencing = vdi();
    put(&mut differencing, 76, &4_u32.to_le_bytes());
    assert!(refusal(&differencing, DiskFormat::Vdi).contains("backing file"));
    let mut linked = vdi();
    put(&mut linked, 440, &[1; 16]);
    assert!(refusal(&linked, DiskFormat::Vdi).contains("backing file"));
}

#[test]
fn a_vhdx_without_metadata_is_refused() {
    let whole = vhdx(0);
    assert!(refusal(&whole[..2 << 20], DiskFormat::Vhdx).contains("metadata"));
    let mut early = whole.clone();
    put(&mut early, 192 * 1024 + 64, &1024_u64.to_le_bytes());
    assert!(refusal(&early, DiskFormat::Vhdx).contains("metadata"));
    let mut far = whole;
    put(&mut far, (2 << 20) + 80, &u32::MAX.to_le_bytes());
    assert!(refusal(&far, DiskFormat::Vhdx).contains("metadata"));
}

#[test]
fn a_fixed_vhd_is_a_disk_with_a_footer_behind_it() {
    let mut image = mbr();
    let size = image.len() as u64;
    image.extend(vhd_footer(size, 2));
    let inspection = inspect(&image);
    assert_eq!(inspection.fixed_vhd, Some(size));
    assert_eq!(inspection.check(DiskFormat::Vhd), Ok(()));
    assert_eq!(inspection.virtual_size_as(DiskFormat::Vhd), size);
    // It does not open the way for something else in front.
    let mut disguised = qcow2();
    let footer = vhd_footer(disguised.len() as u64, 2);
    disguised.extend(footer);
    assert!(inspect(&disguised).check(DiskFormat::Vhd).is_err());
    let mut wrong_sum = image.clone();
    put(&mut wrong_sum, image.len() - 100, &[1]);
    assert_eq!(inspect(&wrong_sum).fixed_vhd, None);
}

#[test]
fn one_format_may_not_hide_behind_another() {
    let mut image = iso();
    put(&mut image, 0, &qcow2()[..32_768]);
    let inspection = inspect(&image);
    assert_eq!(inspection.candidates, [Format::Qcow2, Format::Iso]);
    for declared in [DiskFormat::Iso, DiskFormat::Qcow2, DiskFormat::Raw] {
        let refused = inspection.check(declared);
        assert!(matches!(refused, Err(Mismatch::Ambiguous { .. })), "{refused:?}");
    }
    // Bootable ISOs begin with a partition table.
    let mut bootable = iso();
    put(&mut bootable, 446, &mbr()[446..512]);
    assert_eq!(inspect(&bootable).check(DiskFormat::Iso), Ok(()));
}

#[test]
fn partition_tables_are_checked() {
    let mut boot_flag = mbr();
    put(&mut boot_flag, 462, &[0x7f]);
    assert!(refusal(&boot_flag, DiskFormat::Raw).contains("boot flag"));
    let mut empty = mbr();
    put(&mut empty, 446, &[0; 64]);
    assert!(refusal(&empty, DiskFormat::Gpt).contains("no partition"));
    // A Linux kernel looks like that.
    assert_eq!(inspect(&empty).check(DiskFormat::Aki), Ok(()));

    let protective = [0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 7, 0, 0];
    let mut gpt = mbr();
    put(&mut gpt, 446, &protective);
    assert_eq!(inspect(&gpt).check(DiskFormat::Gpt), Ok(()));
    put(&mut gpt, 462, &mbr()[446..462]);
    assert!(refusal(&gpt, DiskFormat::Gpt).contains("beside"));
    let mut late = mbr();
    put(&mut late, 446, &protective);
    put(&mut late, 454, &[9]);
    assert!(refusal(&late, DiskFormat::Gpt).contains("second sector"));
    // A FAT filesystem has the same mark and is no partitioned disk.
    let mut fat = mbr();
    put(&mut fat, 0x10, &[2]);
    put(&mut fat, 0x15, &[0xf8]);
    assert_eq!(inspect(&fat).format, Format::Raw);
}

#[test]
fn encryption_is_told() {
    assert_eq!(inspect(&luks(1)).encryption, Some(Encryption::Luks(1)));
    assert_eq!(inspect(&luks(1)).virtual_size, Some((4 << 20) - 4096 * 512));
    assert_eq!(inspect(&luks(2)).encryption, Some(Encryption::Luks(2)));
    let mut image = qcow2();
    put(&mut image, 32, &2_u32.to_be_bytes());
    assert_eq!(inspect(&image).encryption, Some(Encryption::Luks(1)));
}

#[test]
fn a_qed_is_never_accepted() {
    for declared in DiskFormat::ALL {
        assert!(inspect(b"QED\0 and more").check(declared).is_err(), "{declared}");
    }
}

#[test]
fn disk_formats_are_read_as_they_are_written() {
    for format in DiskFormat::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("QCOW2".parse::<DiskFormat>().is_err());
}
