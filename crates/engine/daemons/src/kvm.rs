//! The device of hardware virtualization, where nobody looks after it.
//!
//! udev lets the group `kvm` use `/dev/kvm`. Where no udev runs, it is root's alone, and then libvirt contradicts itself: it
//! probes QEMU with KVM, finds that its guests could not use it, throws the result away and probes again, a dozen times
//! for each guest (seen: 45 s for a start that takes 0.4 s).

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
};

const DEVICE: &str = "/dev/kvm";
const GROUP: &str = "kvm";
/// Read and write for owner and group, as udev has it.
const MODE: u32 = 0o660;

/// Does for the device what udev would have done. A device that udev or an operator has opened is left alone.
pub(crate) fn open_to_guests() {
    let Some(group) = fs::read_to_string("/etc/group").ok().and_then(|text| group_id(&text, GROUP)) else { return };
    match open(Path::new(DEVICE), group) {
        Ok(true) => tracing::info!(device = DEVICE, group = GROUP, "nobody but root could use it; opened to the group"),
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(device = DEVICE, %error, "guests cannot use it, and each start will be slow"),
    }
}

fn open(device: &Path, group: u32) -> io::Result<bool> {
    let found = fs::metadata(device)?;
    let (mode, all, group_only) = (found.mode() & 0o777, 0o006, 0o060);
    if mode & all == all || mode & group_only == group_only {
        return Ok(false);
    }
    chown(device, None, Some(group))?;
    fs::set_permissions(device, fs::Permissions::from_mode(MODE))?;
    Ok(true)
}

/// The number of a group, from the text of `/etc/group`.
fn group_id(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_device_that_is_roots_alone_is_opened() {
        assert_eq!(group_id("root:x:0:\nkvm2:x:7:\nkvm:x:109:libvirt-qemu\n", "kvm"), Some(109));
        assert_eq!(group_id("root:x:0:\n", "kvm"), None);
        let folder = tempfile::tempdir().unwrap();
        let device = folder.path().join("kvm");
        fs::write(&device, "").unwrap();
        let own = fs::metadata(&device).unwrap().gid();
        for (mode, opened) in [(0o600, true), (0o660, false), (0o666, false), (0o640, true)] {
            fs::set_permissions(&device, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(open(&device, own).unwrap(), opened, "{mode:o}");
            let now = fs::metadata(&device).unwrap().mode() & 0o777;
            assert_eq!(now, if opened { MODE } else { mode });
        }
    }
}
