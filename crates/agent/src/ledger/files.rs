//! The ledger's files: written as a whole or not at all.

use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Entry;
use crate::error::{NodeError, StartError};

/// The folder; its lock lasts as long as this.
pub(super) struct Files {
    servers: PathBuf,
    node: PathBuf,
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Node {
    id: Uuid,
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> StartError {
    let path = path.to_owned();
    move |source| StartError::Io { path, source }
}

impl Files {
    pub(super) fn open(folder: &Path) -> Result<Self, StartError> {
        let servers = folder.join("servers");
        let make = DirBuilder::new().recursive(true).mode(0o700).create(&servers);
        make.map_err(unusable(&servers))?;
        let path = folder.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let lock = lock.map_err(unusable(&path))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => StartError::InUse { path: folder.to_owned() },
            other => StartError::Io { path, source: other.into() },
        })?;
        Ok(Self { servers, node: folder.join("node.json"), _lock: lock })
    }

    /// The node's id, chosen when the ledger is made.
    pub(super) fn node(&self) -> Result<Uuid, StartError> {
        let broken = |source| StartError::Broken { path: self.node.clone(), source };
        match fs::read(&self.node) {
            Ok(text) => serde_json::from_slice::<Node>(&text).map(|node| node.id).map_err(broken),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let node = Node { id: Uuid::new_v4() };
                let text = serde_json::to_vec(&node).map_err(broken)?;
                write_whole(&self.node, &text).map_err(unusable(&self.node))?;
                Ok(node.id)
            }
            Err(error) => Err(unusable(&self.node)(error)),
        }
    }

    pub(super) fn load(&self) -> Result<HashMap<Uuid, Entry>, StartError> {
        let mut entries = HashMap::new();
        for file in fs::read_dir(&self.servers).map_err(unusable(&self.servers))? {
            let path = file.map_err(unusable(&self.servers))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(server) = name.strip_suffix(".json").and_then(|id| Uuid::parse_str(id).ok()) else {
                // Left by a process that ended while it wrote: nobody was told that it counts.
                fs::remove_file(&path).map_err(unusable(&path))?;
                continue;
            };
            let text = fs::read(&path).map_err(unusable(&path))?;
            let entry = serde_json::from_slice(&text).map_err(|source| StartError::Broken { path, source })?;
            entries.insert(server, entry);
        }
        Ok(entries)
    }

    pub(super) fn write(&self, server: Uuid, entry: &Entry) -> Result<(), NodeError> {
        let path = self.path(server);
        let text =
            serde_json::to_vec(entry).map_err(|source| NodeError::Io { path: path.clone(), source: source.into() })?;
        write_whole(&path, &text).map_err(NodeError::io(path))
    }

    pub(super) fn remove(&self, server: Uuid) -> Result<(), StartError> {
        let path = self.path(server);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(&path)(error)),
            _ => Ok(()),
        }
    }

    fn path(&self, server: Uuid) -> PathBuf {
        self.servers.join(format!("{server}.json"))
    }
}

/// Replaces a file, mode 0600, so that at every moment, also of a power cut, the old or the new one is there.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
