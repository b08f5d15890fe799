//! Where the socket is.

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

/// The kernel's limit on the path of a unix socket, without the closing zero byte (`unix(7)`).
const LONGEST: usize = 107;

/// The path of the socket in a state folder, in a form that the kernel takes however deep the folder is. The file keeps
/// that form valid while it is open.
pub(super) fn of(dir: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let path = dir.join("control.sock");
    if path.as_os_str().len() <= LONGEST {
        return Ok((path, None));
    }
    let dir = File::open(dir)?;
    Ok((PathBuf::from(format!("/proc/self/fd/{}/control.sock", dir.as_raw_fd())), Some(dir)))
}
