//! Secrets that a cloud makes for itself, each in a file of the state folder that only its owner reads.

use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use ferrostack_base::{Secret, new_hex_id};

use crate::error::CommandError;

/// The file of the secret that nodes sign guests' questions for metadata with.
pub const METADATA: &str = "metadata-secret";

/// The secret in the file `name` of the state folder; made on the first call.
///
/// # Errors
/// [`CommandError::Path`]
pub fn of_state(dir: &Path, name: &str) -> Result<Secret<String>, CommandError> {
    let path = dir.join(name);
    match read(&path) {
        Ok(secret) if !secret.expose().is_empty() => return Ok(secret),
        Err(CommandError::Path { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    let secret = Secret::new(new_hex_id());
    write(&path, &secret)?;
    Ok(secret)
}

/// The secret in that file.
///
/// # Errors
/// [`CommandError::Path`]
pub fn read(path: &Path) -> Result<Secret<String>, CommandError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Secret::new(text.trim().to_owned())),
        Err(source) => Err(CommandError::Path { path: path.to_owned(), source }),
    }
}

/// Writes a secret to a file that only its owner reads.
///
/// # Errors
/// [`CommandError::Path`]
pub fn write(path: &Path, secret: &Secret<String>) -> Result<(), CommandError> {
    let open = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path);
    let written = open.and_then(|mut file| {
        // One that was there keeps its mode otherwise.
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(secret.expose().as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| CommandError::Path { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = of_state(dir.path(), "admin-password").unwrap();
        assert_eq!(first, of_state(dir.path(), "admin-password").unwrap());
        assert!(first.expose().len() >= 16);
        assert_eq!(std::fs::metadata(dir.path().join("admin-password")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
