//! Images written by QEMU itself, where `qemu-img` is installed.

use std::process::Command;

use super::inspect;
use crate::{DiskFormat, Format};

#[test]
fn what_qemu_writes_is_recognized() {
    if Command::new("qemu-img").arg("--version").output().is_err() {
        eprintln!("skipped: qemu-img is not installed");
        return;
    }
    let folder = std::env::temp_dir().join(format!("ferrostack-image-format-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let cases = [
        ("qcow2", "compat=1.1", Format::Qcow2, DiskFormat::Qcow2),
        ("qcow2", "compat=0.10", Format::Qcow2, DiskFormat::Qcow2),
        ("qcow2", "extended_l2=on", Format::Qcow2, DiskFormat::Qcow2),
        ("vmdk", "subformat=monolithicSparse", Format::Vmdk, DiskFormat::Vmdk),
        ("vmdk", "subformat=streamOptimized", Format::Vmdk, DiskFormat::Vmdk),
        ("vpc", "subformat=dynamic,force_size=on", Format::Vhd, DiskFormat::Vhd),
        ("vpc", "subformat=fixed,force_size=on", Format::Raw, DiskFormat::Vhd),
        ("vhdx", "subformat=dynamic", Format::Vhdx, DiskFormat::Vhdx),
        ("vdi", "static=off", Format::Vdi, DiskFormat::Vdi),
        ("parallels", "cluster_size=1M", Format::Ploop, DiskFormat::Ploop),
        ("raw", "preallocation=off", Format::Raw, DiskFormat::Raw),
    ];
    for (index, (qemu_format, options, format, declared)) in cases.into_iter().enumerate() {
        let path = folder.join(format!("{index}.{qemu_format}"));
        let mut create = Command::new("qemu-img");
        create.args(["create", "-q", "-f", qemu_format, "-o", options]).arg(&path).arg("64M");
        let output = complaint(&mut create);
        if !output.is_empty() {
            eprintln!("skipped {qemu_format} {options}: {output}");
            continue;
        }
        let inspection = inspect(&std::fs::read(&path).unwrap());
        assert_eq!(inspection.format, format, "{qemu_format} {options}");
        assert_eq!(inspection.virtual_size_as(declared), 64 << 20, "{qemu_format} {options}");
        assert_eq!(inspection.check(declared), Ok(()), "{qemu_format} {options}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What the command complains about; empty when it succeeded.
fn complaint(command: &mut Command) -> String {
    let output = command.output().unwrap();
    if output.status.success() { String::new() } else { String::from_utf8_lossy(&output.stderr).into_owned() }
}
