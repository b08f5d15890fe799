//! The private folders of an isolated cloud.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{NETWORK_NAMESPACES, Places};
use crate::{DaemonError, places::FOLDERS, state};

/// The standard places that are private inside. The last two keep the host's namespaces and its D-Bus out of sight.
pub(super) fn private() -> impl Iterator<Item = &'static str> {
    FOLDERS.iter().copied().chain(["/etc/libvirt", NETWORK_NAMESPACES, "/run/dbus"])
}

/// Private too: the host name inside must be found there. In a namespace without a way to a name server each look-up of
/// it, and libvirt does many, takes seconds to fail.
pub(super) const HOSTS: &str = "/etc/hosts";

/// Where the private folder for a standard place is kept.
pub(super) fn kept_at(places: &Places, standard: &str) -> PathBuf {
    places.root.join(standard.trim_start_matches('/'))
}

/// Whether two paths lead to the same file or folder: then the private one is in its place already.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    identity(one).is_some() && identity(one) == identity(other)
}

/// Whether the private folders are in their places here.
pub(super) fn are_covered(places: &Places) -> bool {
    private().all(|standard| is_same(&kept_at(places, standard), Path::new(standard)))
}

/// Makes the folders that are missing, with libvirt's configuration as the host has it. Gives libvirt's name of the host.
pub(super) fn make(places: &Places, hostname: &str) -> Result<Uuid, DaemonError> {
    for standard in private() {
        let folder = kept_at(places, standard);
        fs::create_dir_all(&folder).map_err(DaemonError::file("create", &folder))?;
        // The place itself must be there to be covered.
        fs::create_dir_all(standard).map_err(DaemonError::file("create", standard))?;
        let permissions = fs::metadata(standard).map_err(DaemonError::file("read", standard))?.permissions();
        fs::set_permissions(&folder, permissions).map_err(DaemonError::file("write", &folder))?;
    }
    let hosts = state::read(Path::new(HOSTS))?.unwrap_or_default();
    let private_hosts = kept_at(places, HOSTS);
    // In place: it may be mounted.
    fs::write(&private_hosts, format!("{hosts}\n127.0.1.1 {hostname}\n"))
        .map_err(DaemonError::file("write", &private_hosts))?;
    let host_uuid = host_uuid(places)?;
    configure_libvirt(Path::new("/etc/libvirt"), &kept_at(places, "/etc/libvirt"), host_uuid)?;
    Ok(host_uuid)
}

fn host_uuid(places: &Places) -> Result<Uuid, DaemonError> {
    let file = places.folder.join("host-uuid");
    if let Some(known) = state::read(&file)?.and_then(|text| Uuid::try_parse(&text).ok()) {
        return Ok(known);
    }
    let made = Uuid::new_v4();
    state::write(&file, &made.to_string())?;
    Ok(made)
}

/// Copies the host's settings of libvirt, not its guests and networks, and names the host.
fn configure_libvirt(of_host: &Path, private: &Path, host_uuid: Uuid) -> Result<(), DaemonError> {
    let main = private.join("libvirtd.conf");
    // Written last, so it is the sign that all is there.
    if main.exists() {
        return Ok(());
    }
    let entries = match fs::read_dir(of_host) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>().map_err(DaemonError::file("read", of_host))?,
        // libvirt is not installed, which is told later, with its package.
        Err(_) => Vec::new(),
    };
    for entry in entries {
        let (from, to) = (entry.path(), private.join(entry.file_name()));
        if from.extension().is_some_and(|extension| extension == "conf") && from.is_file() && to != main {
            fs::copy(&from, &to).map_err(DaemonError::file("write", &to))?;
        }
    }
    let mut text = state::read(&of_host.join("libvirtd.conf"))?.unwrap_or_default();
    text += &format!(
        "\n\n# Several libvirts on one machine must not take each other for the same host.\nhost_uuid = \"{host_uuid}\"\n"
    );
    state::write(&main, &text)?;
    fs::set_permissions(&main, fs::Permissions::from_mode(0o644)).map_err(DaemonError::file("write", &main))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libvirts_settings_are_copied_once_and_guests_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (host, private) = (folder.path().join("host"), folder.path().join("private"));
        fs::create_dir_all(host.join("qemu/networks")).unwrap();
        fs::create_dir_all(&private).unwrap();
        fs::write(host.join("libvirtd.conf"), "max_clients = 7\n").unwrap();
        fs::write(host.join("qemu.conf"), "user = \"x\"\n").unwrap();
        fs::write(host.join("qemu/guest.xml"), "<domain/>").unwrap();
        let uuid = Uuid::new_v4();
        configure_libvirt(&host, &private, uuid).unwrap();
        let text = fs::read_to_string(private.join("libvirtd.conf")).unwrap();
        assert!(
            text.starts_with("max_clients = 7\n") && text.ends_with(&format!("host_uuid = \"{uuid}\"\n")),
            "{text}"
        );
        assert!(private.join("qemu.conf").exists() && !private.join("qemu").exists());
        fs::write(private.join("libvirtd.conf"), "changed by its operator").unwrap();
        configure_libvirt(&host, &private, Uuid::new_v4()).unwrap();
        assert_eq!(fs::read_to_string(private.join("libvirtd.conf")).unwrap(), "changed by its operator");
    }
}
