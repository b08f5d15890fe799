//! The key repository: a directory with files `0`, `1`, `2` ... as Keystone keeps it.
//!
//! The file with the highest number is the primary key, which makes tokens. `0` is the staged key: it already reads
//! tokens, and becomes the next primary. So a repository can be copied to other controllers between two rotations,
//! and all of them read what any of them makes. File names that are no numbers are left alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::{AuthError, FernetKeys};

const STAGED: u64 = 0;

impl FernetKeys {
    /// Reads the repository.
    ///
    /// # Errors
    /// The directory or a file cannot be read, a key is malformed, or there is none.
    pub fn load(dir: &Path) -> Result<Self, AuthError> {
        let mut keys = Vec::new();
        for index in indexes(dir)? {
            let path = file(dir, index);
            let text = fs::read_to_string(&path).map_err(failed("read the Fernet key", &path))?;
            // Keystone passes over empty files, which a rotation cut short by a full disk can leave.
            if !text.trim().is_empty() {
                keys.push((index.to_string(), text));
            }
        }
        Self::from_files(&keys, &dir.display().to_string())
    }

    /// Reads the repository, which is made first if there is none: a staged key and a primary one, readable by the
    /// owner only.
    ///
    /// # Errors
    /// As [`FernetKeys::load`]; or the repository cannot be made.
    pub fn load_or_create(dir: &Path) -> Result<Self, AuthError> {
        if !dir.is_dir() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
            made.map_err(failed("create the Fernet key repository", dir))?;
        }
        if indexes(dir)?.is_empty() {
            write_key(dir, 1)?;
            write_key(dir, STAGED)?;
        }
        Self::load(dir)
    }

    /// Makes the staged key the primary one and stages a new one. Of the older keys as many stay as there may be
    /// active keys in all: tokens made with the others are void. Other controllers must [`FernetKeys::load`] again.
    ///
    /// # Errors
    /// As [`FernetKeys::load`]; or a file cannot be written. The repository is usable after each step of it.
    pub fn rotate(dir: &Path, max_active_keys: usize) -> Result<Self, AuthError> {
        let mut indexes = indexes(dir)?;
        let Some(primary) = indexes.first().copied() else {
            return Err(AuthError::NoKeys { place: dir.display().to_string() });
        };
        if !indexes.contains(&STAGED) {
            write_key(dir, STAGED)?;
        }
        let promoted = file(dir, primary.saturating_add(1));
        fs::rename(file(dir, STAGED), &promoted).map_err(failed("promote the staged Fernet key to", &promoted))?;
        write_key(dir, STAGED)?;
        // The staged and the new primary key are two of the active ones.
        indexes.retain(|index| *index != STAGED);
        for old in indexes.iter().skip(max_active_keys.saturating_sub(2)) {
            let path = file(dir, *old);
            fs::remove_file(&path).map_err(failed("remove the Fernet key", &path))?;
        }
        Self::load(dir)
    }
}

fn file(dir: &Path, index: u64) -> PathBuf {
    dir.join(index.to_string())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AuthError {
    let path = path.to_owned();
    move |source| AuthError::KeyRepository { action, path, source }
}

/// The numbers of the key files, the highest first.
fn indexes(dir: &Path) -> Result<Vec<u64>, AuthError> {
    let entries = fs::read_dir(dir).map_err(failed("read the Fernet key repository", dir))?;
    let mut indexes = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("read the Fernet key repository", dir))?;
        if let Some(index) = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok())
            && entry.file_name() == *index.to_string()
        {
            indexes.push(index);
        }
    }
    indexes.sort_unstable_by(|a, b| b.cmp(a));
    Ok(indexes)
}

/// Writes a new key so that its file is there either whole or not at all, whatever happens meanwhile.
fn write_key(dir: &Path, index: u64) -> Result<(), AuthError> {
    let (draft, path) = (dir.join("0.tmp"), file(dir, index));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(FernetKeys::generate().as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(failed("write the Fernet key", &path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(dir: &Path) -> Vec<u64> {
        indexes(dir).unwrap()
    }

    #[test]
    fn a_new_repository_has_a_staged_and_a_primary_key() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("a/keys");
        let token = FernetKeys::load_or_create(&dir).unwrap().encrypt(b"x", 1);
        assert_eq!(names(&dir), [1, 0]);
        assert!(FernetKeys::load_or_create(&dir).unwrap().decrypt(&token).is_ok(), "the keys stay");
        let primary = fs::read_to_string(dir.join("1")).unwrap();
        assert!(FernetKeys::new([primary]).unwrap().decrypt(&token).is_ok());
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(dir.join("1")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn rotation_promotes_the_staged_key_and_drops_the_oldest() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        let first = FernetKeys::load_or_create(dir).unwrap().encrypt(b"x", 1);
        let staged = fs::read_to_string(dir.join("0")).unwrap();
        let keys = FernetKeys::rotate(dir, 3).unwrap();
        assert_eq!(names(dir), [2, 1, 0]);
        assert_eq!(fs::read_to_string(dir.join("2")).unwrap(), staged);
        assert!(keys.decrypt(&first).is_ok());
        assert!(FernetKeys::new([&staged]).unwrap().decrypt(&keys.encrypt(b"x", 1)).is_ok());
        let keys = FernetKeys::rotate(dir, 3).unwrap();
        assert_eq!(names(dir), [3, 2, 0]);
        assert!(keys.decrypt(&first).is_err(), "its key is gone");
        FernetKeys::rotate(dir, 1).unwrap();
        assert_eq!(names(dir), [4, 0], "never fewer than these two");
    }

    #[test]
    fn what_is_no_key_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        FernetKeys::load_or_create(dir).unwrap();
        for (name, text) in [("README", "not a key"), ("0.tmp", "half"), ("07", "odd"), ("9", "\n")] {
            fs::write(dir.join(name), text).unwrap();
        }
        FernetKeys::load(dir).unwrap();
        fs::write(dir.join("3"), "not a key").unwrap();
        let error = FernetKeys::load(dir).unwrap_err().to_string();
        assert!(error.contains("/3 "), "{error}");
    }

    #[test]
    fn a_missing_or_empty_repository_is_told() {
        let temp = tempfile::tempdir().unwrap();
        assert!(matches!(FernetKeys::load(temp.path()), Err(AuthError::NoKeys { .. })));
        assert!(matches!(FernetKeys::rotate(temp.path(), 3), Err(AuthError::NoKeys { .. })));
        let missing = temp.path().join("none");
        assert!(matches!(FernetKeys::load(&missing), Err(AuthError::KeyRepository { .. })));
    }
}
