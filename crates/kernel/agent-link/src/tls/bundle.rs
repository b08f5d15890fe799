//! The files of a node.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ferrostack_base::Secret;

use crate::LinkError;

/// What a process needs to speak with others: three files in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// `ca.pem`: the CA's certificate. While a CA is replaced, the old and the new one.
    pub ca: String,
    /// `cert.pem`: the process's own certificate.
    pub certificate: String,
    /// `key.pem`: its private key; only its owner may read the file.
    pub key: Secret<String>,
}

impl Bundle {
    /// Reads the three files.
    ///
    /// # Errors
    /// [`LinkError::File`]
    pub fn read(dir: &Path) -> Result<Self, LinkError> {
        let read = |path: PathBuf| fs::read_to_string(&path).map_err(LinkError::file("read", &path));
        Ok(Self {
            ca: read(ca_path(dir))?,
            certificate: read(certificate_path(dir))?,
            key: Secret::new(read(key_path(dir))?),
        })
    }

    /// Writes the three files, each at once; makes the folder. A process that uses them takes the new ones up by itself.
    ///
    /// # Errors
    /// [`LinkError::File`]
    pub fn write(&self, dir: &Path) -> Result<(), LinkError> {
        private_folder(dir)?;
        write_file(&key_path(dir), 0o600, self.key.expose())?;
        write_file(&certificate_path(dir), 0o644, &self.certificate)?;
        write_file(&ca_path(dir), 0o644, &self.ca)
    }
}

pub(super) fn ca_path(dir: &Path) -> PathBuf {
    dir.join("ca.pem")
}

pub(super) fn certificate_path(dir: &Path) -> PathBuf {
    dir.join("cert.pem")
}

pub(super) fn key_path(dir: &Path) -> PathBuf {
    dir.join("key.pem")
}

/// Makes a folder that only its owner enters; one that is there stays as it is.
pub(super) fn private_folder(dir: &Path) -> Result<(), LinkError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(LinkError::file("make", dir))
}

/// Writes a file so that readers see the old one or the new one, also after a crash.
pub(super) fn write_file(path: &Path, mode: u32, text: &str) -> Result<(), LinkError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(mode).open(&beside)?;
        // One that a crash left behind keeps its mode otherwise.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().map_err(LinkError::file("write", path))
}
