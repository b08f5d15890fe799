//! Who QEMU runs as: what libvirt's configuration says, else the distribution's user.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Distributions' users for QEMU: Debian's, Fedora's.
const USERS: [&str; 2] = ["libvirt-qemu", "qemu"];

/// The user and group that QEMU runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Owner {
    #[cfg(test)]
    pub(crate) fn new(user: u32, group: u32) -> Self {
        Self { user, group }
    }

    /// As this node's files say; root when they name nobody else.
    pub(crate) fn of_this_node() -> Self {
        let read = |path: &str| fs::read_to_string(Path::new(path)).unwrap_or_default();
        Self::find(&read("/etc/libvirt/qemu.conf"), &read("/etc/passwd"), &read("/etc/group"))
    }

    /// The folder above or at `path` that this user can't pass through.
    pub(crate) fn stopped_at(self, path: &Path) -> Option<PathBuf> {
        let closed = |folder: &&Path| {
            let Ok(meta) = fs::metadata(folder) else { return true };
            let bit = match (meta.uid() == self.user, meta.gid() == self.group) {
                (true, _) => 0o100,
                (_, true) => 0o010,
                _ => 0o001,
            };
            self.user != 0 && meta.mode() & bit == 0
        };
        path.ancestors().find(closed).map(Path::to_owned)
    }

    fn find(configuration: &str, users: &str, groups: &str) -> Self {
        let user = match setting(configuration, "user") {
            Some(user) => numbered(users, user),
            None => USERS.iter().find_map(|user| numbered(users, user)),
        };
        let Some((user, of_user)) = user else { return Self { user: 0, group: 0 } };
        let group = setting(configuration, "group").and_then(|group| numbered(groups, group)).map(|(group, _)| group);
        Self { user, group: group.unwrap_or(of_user) }
    }
}

/// `key = "value"` of libvirt's configuration.
fn setting<'a>(configuration: &'a str, key: &str) -> Option<&'a str> {
    let of_key = |line: &'a str| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim().trim_matches('"').trim_start_matches('+'))
    };
    configuration.lines().filter_map(of_key).next_back()
}

/// The number of a name, and the number behind it: `name:x:1000:100:..`.
fn numbered(lines: &str, name: &str) -> Option<(u32, u32)> {
    if let Ok(number) = name.parse() {
        return Some((number, number));
    }
    lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let number = fields.nth(1)?.parse().ok()?;
        Some((number, fields.next().and_then(|next| next.parse().ok()).unwrap_or(number)))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/root:/bin/sh\nlibvirt-qemu:x:64055:109:,,,:/var/lib/libvirt:/usr/sbin/nologin\n";
    const GROUPS: &str = "root:x:0:\nkvm:x:109:\nlibvirt-qemu:x:64055:libvirt-qemu\n";

    #[test]
    fn a_closed_folder_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (closed, inner) = (folder.path().join("closed"), folder.path().join("closed/inner"));
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Owner { user: 64_055, group: 64_055 };
        assert_eq!(stranger.stopped_at(&inner), Some(closed.clone()));
        assert_eq!(Owner { user: 0, group: 0 }.stopped_at(&inner), None);
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(stranger.stopped_at(&inner), None);
    }

    #[test]
    fn the_configuration_comes_before_the_distribution() {
        let found = |text: &str| {
            let owner = Owner::find(text, USERS, GROUPS);
            (owner.user, owner.group)
        };
        assert_eq!(found(""), (64055, 109));
        assert_eq!(found("# user = \"x\"\n#user = \"y\"\nuser = \"root\"\n"), (0, 0));
        assert_eq!(found("group = \"libvirt-qemu\""), (64055, 64055));
        assert_eq!(found("user = \"+1000\"\ngroup = \"+100\""), (1000, 100));
        assert_eq!(found("user = \"nobody-here\""), (0, 0));
    }
}
