//! The state folder and its lock: two processes never share one (R3 relies on it: who takes a node's lease anew knows
//! that the earlier incarnation has ended).

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ferrostack_base::new_hex_id;

use crate::error::CommandError;

/// The state folder, held by this process until the value is dropped or the process ends in any way.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    node: String,
    _lock: File,
}

impl StateDir {
    /// Makes the folder where it is missing (see [`make`]) and locks it.
    ///
    /// # Errors
    /// [`CommandError::Path`], or [`CommandError::AlreadyRunning`] when another process holds it.
    pub fn take(path: &Path) -> Result<Self, CommandError> {
        let unusable = |at: &Path| {
            let at = at.to_owned();
            move |source| CommandError::Path { path: at, source }
        };
        make(path)?;
        let name = path.join("lock");
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&name)
            .map_err(unusable(&name))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who holds it may just be writing its number: then none is told.
                let _ = lock.read_to_string(&mut text);
                return Err(CommandError::AlreadyRunning { dir: path.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(&name)(source)),
        }
        let written =
            lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "{}", std::process::id()));
        written.map_err(unusable(&name))?;
        let node = node(&path.join("node")).map_err(unusable(&path.join("node")))?;
        Ok(Self { path: path.to_owned(), node, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of this controller among all that share a database: the same at each start, and another one for each
    /// state folder, also of the same machine.
    pub fn node(&self) -> &str {
        &self.node
    }
}

/// Makes a folder and those above it. Others may pass through, as guests must, but not look into it; what is secret in it
/// is its owner's alone.
///
/// # Errors
/// [`CommandError::Path`]
pub fn make(path: &Path) -> Result<(), CommandError> {
    let made = DirBuilder::new().recursive(true).mode(0o711).create(path);
    made.map_err(|source| CommandError::Path { path: path.to_owned(), source })
}

/// The machine's name and what the file has kept since the first start.
fn node(file: &Path) -> io::Result<String> {
    let kept = match fs::read_to_string(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        text => text.unwrap_or_default().trim().to_owned(),
    };
    let id = if kept.is_empty() {
        let made: String = new_hex_id().chars().take(6).collect();
        fs::write(file, &made)?;
        made
    } else {
        kept
    };
    // Where there is no /proc, the number alone will do.
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim().split('.').next().filter(|host| !host.is_empty()).unwrap_or("controller");
    Ok(format!("{host}-{id}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let held = StateDir::take(&path).unwrap();
        assert_eq!(held.path(), path);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o711);
        match StateDir::take(&path) {
            Err(CommandError::AlreadyRunning { dir, pid }) => {
                assert_eq!((dir, pid), (path.clone(), Some(std::process::id())));
            }
            other => panic!("taken twice: {other:?}"),
        }
        let node = held.node().to_owned();
        drop(held);
        assert_eq!(StateDir::take(&path).unwrap().node(), node);
        assert_ne!(StateDir::take(&folder.path().join("c")).unwrap().node(), node);
    }

    #[test]
    fn a_path_below_a_file_is_refused_with_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().join("state");
        assert!(matches!(StateDir::take(&path), Err(CommandError::Path { path: told, .. }) if told == path));
    }
}
