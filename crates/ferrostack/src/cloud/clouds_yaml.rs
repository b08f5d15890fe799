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

#[cfg(test)]
mod tests {
    use super::*;

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
