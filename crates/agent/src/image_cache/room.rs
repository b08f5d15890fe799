//! Room for images: how much is free, and what may go.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    sync::{Arc, PoisonError},
};

use ferrostack_base::Timestamp;
use rustix::fs::statvfs;

use super::ImageCache;
use crate::error::NodeError;

/// The file in an instance's folder that names the base of its disk.
pub(crate) const BASE_FILE: &str = "base";

/// Bytes free for us on the file system of `path`.
pub(crate) fn free(path: &Path) -> Result<u64, NodeError> {
    let stat = statvfs(path).map_err(|error| NodeError::io(path)(error.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

impl ImageCache {
    /// Makes sure that `needed` bytes more fit on the disk, removing unused bases if they don't.
    pub(crate) async fn make_room(&self, needed: u64) -> Result<(), NodeError> {
        let needed = needed.saturating_add(self.0.reserved);
        if free(&self.0.images)? >= needed {
            return Ok(());
        }
        self.trim(needed).await;
        match free(&self.0.images)? {
            free if free >= needed => Ok(()),
            free => Err(NodeError::Full { path: self.0.images.clone(), free, needed }),
        }
    }

    /// Removes unused bases, least recently used first, until the cache is within its bound and `needed` bytes are free.
    pub(super) async fn trim(&self, needed: u64) {
        let cache = self.clone();
        let trimmed = tokio::task::spawn_blocking(move || cache.trim_now(needed)).await;
        match trimmed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %ferrostack_base::chain(&error), "images could not be tidied"),
            Err(error) => tracing::warn!(%error, "images could not be tidied"),
        }
    }

    fn trim_now(&self, needed: u64) -> Result<(), NodeError> {
        let images = &self.0.images;
        let mut bases = Vec::new();
        for file in fs::read_dir(images).map_err(NodeError::io(images))? {
            let path = file.map_err(NodeError::io(images))?.path();
            let Some(name) =
                path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".base"))
            else {
                continue;
            };
            let meta = fs::metadata(&path).map_err(NodeError::io(&path))?;
            let used = self.with_key(name, |key| key.used).max(changed(&meta));
            bases.push((used, name.to_owned(), meta.len()));
        }
        let mut total: u64 = bases.iter().map(|(_, _, size)| size).sum();
        let in_use = self.in_use()?;
        bases.sort();
        for (_, name, size) in bases {
            if total <= self.0.limit && (needed == 0 || free(images)? >= needed) {
                break;
            }
            // Whoever looks for it now has a copy of its lock, and gets that under the lock of all keys.
            let mut keys = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
            let busy = |key: &super::Key| key.held > 0 || Arc::strong_count(&key.lock) > 1;
            if in_use.contains(&name) || keys.get(&name).is_some_and(busy) {
                continue;
            }
            // The description first: without it the base is the rest of an interrupted fetch.
            for path in [self.description_path(&name), self.base_path(&name)] {
                fs::remove_file(&path).map_err(NodeError::io(path))?;
            }
            keys.remove(&name);
            total -= size;
            tracing::info!(base = name, size, "unused image removed");
        }
        Ok(())
    }

    /// The bases that disks stand on.
    fn in_use(&self) -> Result<HashSet<String>, NodeError> {
        let instances = &self.0.instances;
        let mut names = HashSet::new();
        let folders = match fs::read_dir(instances) {
            Ok(folders) => folders,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            Err(error) => return Err(NodeError::io(instances)(error)),
        };
        for folder in folders {
            let path = folder.map_err(NodeError::io(instances))?.path().join(BASE_FILE);
            if let Ok(name) = fs::read_to_string(path) {
                names.insert(name.trim().to_owned());
            }
        }
        Ok(names)
    }
}

fn changed(meta: &fs::Metadata) -> Timestamp {
    let since = meta.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    Timestamp::from_secs(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0)))
}
