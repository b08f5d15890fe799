//! `clouds.yaml` in the state folder: how clients find and enter this cloud.

use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use ferrostack_base::Secret;

use crate::error::CommandError;

/// Who may enter.
pub struct Login<'a> {
    /// The cloud's name in the file.
    pub cloud: &'a str,
    /// The user, of the domain `Default`.
    pub user: &'a str,
    /// The project, of the domain `Default`.
    pub project: &'a str,
    /// The password.
    pub password: &'a Secret<String>,
}

/// Writes the file, readable by its owner only; a reader sees the old one or the new one.
///
/// # Errors
/// [`CommandError::Path`]
pub fn write(path: &Path, url: &str, region: &str, logins: &[Login<'_>]) -> Result<(), CommandError> {
    let mut text =
        "# Written at each start. OS_CLIENT_CONFIG_FILE=<this file> OS_CLOUD=<name> openstack server list\nclouds:\n"
            .to_owned();
    for login in logins {
        text.push_str(&format!(
            "  {}:\n    auth:\n      auth_url: {url}/identity/v3\n      username: {}\n      password: {}\n      project_name: {}\n      \
             user_domain_id: default\n      project_domain_id: default\n    region_name: {region}\n    identity_api_version: 3\n",
            login.cloud,
            login.user,
            // JSON strings are YAML strings.
            serde_json::Value::from(login.password.expose().as_str()),
            login.project,
        ));
    }
    let failed = |source| CommandError::Path { path: path.to_owned(), source };
    let draft = path.with_extension("yaml.new");
    let open = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&draft);
    open.and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&draft, path))
        .map_err(failed)
}

/// The password in the file `name` of the state folder; made on the first call.
///
/// # Errors
/// [`CommandError::Path`]
pub fn password(dir: &Path, name: &str) -> Result<Secret<String>, CommandError> {
    let path = dir.join(name);
    let failed = |source| CommandError::Path { path: path.clone(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim().to_owned())),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let password = ferrostack_base::new_hex_id();
    let open = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path);
    open.and_then(|mut file| file.write_all(password.as_bytes()).and_then(|()| file.sync_all())).map_err(failed)?;
    Ok(Secret::new(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let first = password(dir.path(), "admin-password").unwrap();
        assert_eq!(first, password(dir.path(), "admin-password").unwrap());
        assert!(first.expose().len() >= 16);
        assert_eq!(std::fs::metadata(dir.path().join("admin-password")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_file_names_each_cloud_and_quotes_passwords() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clouds.yaml");
        let password = Secret::new("a\"b: #c".to_owned());
        write(
            &path,
            "http://h:1",
            "RegionOne",
            &[Login { cloud: "ferrostack", user: "admin", project: "admin", password: &password }],
        )
        .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("  ferrostack:\n") && text.contains(r#"password: "a\"b: #c""#), "{text}");
    }
}
