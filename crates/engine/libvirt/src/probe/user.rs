//! The user that guests run as.

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The named user, when this process may become it and it exists.
pub(super) async fn guest_user(name: Option<&str>) -> Option<User> {
    let name = name?;
    let status = tokio::fs::read_to_string("/proc/self/status").await.ok()?;
    if effective_uid(&status)? != 0 {
        return None;
    }
    find(&tokio::fs::read_to_string("/etc/passwd").await.ok()?, name)
}

fn effective_uid(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?.parse().ok()
}

fn find(passwd: &str, name: &str) -> Option<User> {
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.into_iter().find(|fields| fields.len() >= 4 && fields[0] == name)?;
    Some(User { name: name.to_owned(), uid: found[2].parse().ok()?, gid: found[3].parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\nlibvirt-qemu:x:64055:106:QEMU,,,:/var/lib/libvirt:/usr/sbin/nologin\n";
        assert_eq!(find(passwd, "libvirt-qemu"), Some(User { name: "libvirt-qemu".into(), uid: 64055, gid: 106 }));
        assert_eq!(find(passwd, "libvirt"), None);
        assert_eq!(effective_uid("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some(0));
    }
}
