//! The state folder and its lock: two processes never share one (R3 relies on it: who takes a node's lease anew knows
//! that the earlier incarnation has ended).

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::error::CommandError;

/// The state folder, held by this process until the value is dropped or the process ends in any way.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    _lock: File,
}

impl StateDir {
    /// Makes the folder where it is missing (readable by its owner only: it holds keys) and locks it.
    ///
    /// # Errors
    /// [`CommandError::Path`], or [`CommandError::AlreadyRunning`] when another process holds it.
    pub fn take(path: &Path) -> Result<Self, CommandError> {
        let unusable = |at: &Path| {
            let at = at.to_owned();
            move |source| CommandError::Path { path: at, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable(path))?;
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
        let written = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()));
        written.map_err(unusable(&name))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
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
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        match StateDir::take(&path) {
            Err(CommandError::AlreadyRunning { dir, pid }) => {
                assert_eq!((dir, pid), (path.clone(), Some(std::process::id())));
            }
            other => panic!("taken twice: {other:?}"),
        }
        drop(held);
        StateDir::take(&path).unwrap();
    }

    #[test]
    fn a_path_below_a_file_is_refused_with_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().join("state");
        assert!(matches!(StateDir::take(&path), Err(CommandError::Path { path: told, .. }) if told == path));
    }
}
