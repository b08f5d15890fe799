//! Secrets that a cloud makes for itself, each in a file of the state folder that only its owner reads.

use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use ferrostack_base::{Secret, new_hex_id};

use crate::error::CommandError;

/// The secret in the file `name` of the state folder; made on the first call.
///
/// # Errors
/// [`CommandError::Path`]
pub fn of_state(dir: &Path, name: &str) -> Result<Secret<String>, CommandError> {
    let path = dir.join(name);
    let failed = |source| CommandError::Path { path: path.clone(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim().to_owned())),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let secret = new_hex_id();
    let open = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path);
    open.and_then(|mut file| file.write_all(secret.as_bytes()).and_then(|()| file.sync_all())).map_err(failed)?;
    Ok(Secret::new(secret))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

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
