//! Namespaces of this process, and files that keep them.

use std::{
    fs::{self, File},
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::Path,
};

use rustix::{
    fs::statfs,
    mount::{MountPropagationFlags, UnmountFlags, mount_bind, mount_change, unmount},
    thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe},
};

use crate::DaemonError;

/// The type of file system of namespace files (linux/magic.h).
const NSFS_MAGIC: u64 = 0x6e73_6673;

/// Whether a namespace is kept at this file.
pub(super) fn is_kept(file: &Path) -> bool {
    statfs(file).is_ok_and(|found| u64::try_from(found.f_type) == Ok(NSFS_MAGIC))
}

/// The number of the namespace kept at this file, as in `/proc/PID/ns`.
pub(super) fn number(file: &Path) -> Option<u64> {
    is_kept(file).then(|| fs::metadata(file).ok().map(|found| found.ino()))?
}

/// A process' namespace of that kind: `net`, `mnt`.
pub(super) fn number_of(pid: i32, kind: &str) -> Option<u64> {
    fs::metadata(format!("/proc/{pid}/ns/{kind}")).ok().map(|found| found.ino())
}

/// The number of this process' own namespace of that kind.
pub(super) fn number_of_own(kind: &str) -> Option<u64> {
    fs::metadata(format!("/proc/self/ns/{kind}")).ok().map(|found| found.ino())
}

/// This process' own namespace of that kind, opened.
pub(super) fn open_own(kind: &str) -> Result<File, DaemonError> {
    let path = format!("/proc/self/ns/{kind}");
    File::open(&path).map_err(DaemonError::file("open", path))
}

/// Enters a namespace. Fails when this process has threads.
pub(super) fn enter(namespace: &File, kind: LinkNameSpaceType) -> Result<(), DaemonError> {
    move_into_link_name_space(namespace.as_fd(), Some(kind)).map_err(DaemonError::namespace(format!("enter {kind:?}")))
}

/// Gives this process new namespaces.
pub(super) fn leave_for_new(kinds: UnshareFlags) -> Result<(), DaemonError> {
    assert_single_threaded()?;
    #[allow(unsafe_code)]
    // SAFETY: the danger is in unsharing the table of open files (FILES) under threads that use it; no caller asks for
    // that, and there is only one thread.
    let left = unsafe { unshare_unsafe(kinds) };
    left.map_err(DaemonError::namespace(format!("make new namespaces {kinds:?}")))
}

/// # Errors
/// [`DaemonError::Threads`]
pub(super) fn assert_single_threaded() -> Result<(), DaemonError> {
    let tasks = fs::read_dir("/proc/self/task").map_err(DaemonError::file("read", "/proc/self/task"))?;
    match tasks.count() {
        1 => Ok(()),
        threads => Err(DaemonError::Threads { threads }),
    }
}

/// Keeps a namespace at a file.
pub(super) fn keep(namespace: &Path, file: &Path) -> Result<(), DaemonError> {
    if !file.exists() {
        File::create(file).map_err(DaemonError::file("create", file))?;
    }
    bind(namespace, file)
}

/// Lays `source` over `target`.
pub(super) fn bind(source: &Path, target: &Path) -> Result<(), DaemonError> {
    let what = format!("lay {} over {}", source.display(), target.display());
    mount_bind(source, target).map_err(DaemonError::namespace(what))
}

/// Sets how mounts under `path` spread.
pub(super) fn spread(path: &Path, how: MountPropagationFlags) -> Result<(), DaemonError> {
    let what = format!("set how mounts under {} spread ({how:?})", path.display());
    mount_change(path, how).map_err(DaemonError::namespace(what))
}

/// Takes away what is mounted at `path`, all layers of it; nothing is fine.
pub(super) fn unmount_all(path: &Path) {
    // EINVAL: nothing is mounted there (any more).
    while unmount(path, UnmountFlags::DETACH).is_ok() {}
}

/// Whether something is mounted exactly at `path` in this mount namespace.
pub(super) fn is_mounted(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let escaped = path.display().to_string().replace('\\', "\\134").replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&escaped))
}
