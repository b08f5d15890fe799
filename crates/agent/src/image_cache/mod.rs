//! Images on the node: fetched once, checked, then only read.
//!
//! # Theory of operation
//! A base is `images/<image>-<digest>.base` with its description beside it in `.json`; the description is renamed into
//! place last, so a base without one is the rest of an interrupted fetch and is removed at start-up. While it arrives an
//! image is hashed and inspected; what is not what it was declared to be never gets a name that a disk could stand on.
//!
//! Several wants of one image wait for one fetch: each has the key's lock for as long as it looks or fetches. A [`Base`]
//! that somebody holds, or that the `base` file of an instance names, is not removed; others go, least recently used
//! first, when the cache is larger than its bound or the disk is short of room.
//!
//! Bases are mode 0444. libvirt is told not to label them, so they stay root's: a guest's QEMU can read and not write.

mod fetch;
mod room;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ferrostack_agent_api::{BootImage, ImageSource};
use ferrostack_base::{Clock, Timestamp};
use ferrostack_image_format::DiskFormat;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    command::Programs,
    error::{NodeError, StartError},
};

pub(crate) use room::{BASE_FILE, free};

/// The node's images; clones share them.
#[derive(Clone)]
pub(crate) struct ImageCache(Arc<Shared>);

struct Shared {
    /// `images` and `instances`.
    images: PathBuf,
    instances: PathBuf,
    limit: u64,
    reserved: u64,
    clock: Clock,
    programs: Programs,
    source: Arc<dyn ImageSource>,
    keys: Mutex<HashMap<String, Key>>,
}

#[derive(Default)]
struct Key {
    lock: Arc<tokio::sync::Mutex<()>>,
    held: usize,
    used: Timestamp,
}

/// What a base is; the content of its `.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) image: Uuid,
    /// QEMU's word for the format of the base: `raw` or `qcow2`.
    pub(crate) format: String,
    /// What a guest sees, in bytes.
    pub(crate) virtual_size: u64,
    /// On the disk, in bytes.
    pub(crate) size: u64,
}

/// A base that stays as long as this is held.
pub(crate) struct Base {
    cache: ImageCache,
    pub(crate) name: String,
    pub(crate) description: Description,
}

impl Base {
    pub(crate) fn path(&self) -> PathBuf {
        self.cache.base_path(&self.name)
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        self.cache.with_key(&self.name, |key| key.held -= 1);
    }
}

impl ImageCache {
    /// Opens the cache and removes what interrupted fetches left.
    pub(crate) fn open(
        state: &Path,
        (limit, reserved): (u64, u64),
        clock: Clock,
        programs: Programs,
        source: Arc<dyn ImageSource>,
    ) -> Result<Self, StartError> {
        let (images, instances) = (state.join("images"), state.join("instances"));
        let unusable = |source| StartError::Io { path: images.clone(), source };
        crate::disk::make_folder(&images).map_err(unusable)?;
        for file in fs::read_dir(&images).map_err(unusable)? {
            let path = file.map_err(unusable)?.path();
            let finished = match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => path.with_extension("base").exists(),
                Some("base") => path.with_extension("json").exists(),
                _ => false,
            };
            if !finished {
                fs::remove_file(&path).map_err(unusable)?;
            }
        }
        let keys = Mutex::default();
        Ok(Self(Arc::new(Shared { images, instances, limit, reserved, clock, programs, source, keys })))
    }

    /// The base of an image, fetched if it is not there yet.
    pub(crate) async fn base(&self, image: &BootImage) -> Result<Base, NodeError> {
        let declared = declared_format(image)?;
        let name = name(image);
        let lock = self.with_key(&name, |key| key.lock.clone());
        let _turn = lock.lock().await;
        if let Some(description) = self.description(&name) {
            return Ok(self.hold(name, description));
        }
        let description = self.fetch(image, declared, &name).await?;
        let base = self.hold(name, description);
        self.trim(0).await;
        Ok(base)
    }

    fn hold(&self, name: String, description: Description) -> Base {
        let now = self.0.clock.now();
        self.with_key(&name, |key| {
            key.held += 1;
            key.used = now;
        });
        Base { cache: self.clone(), name, description }
    }

    fn description(&self, name: &str) -> Option<Description> {
        let text = fs::read(self.description_path(name)).ok()?;
        // A description that can't be read is no description: the image is fetched again.
        serde_json::from_slice(&text).ok().filter(|_| self.base_path(name).exists())
    }

    fn base_path(&self, name: &str) -> PathBuf {
        self.0.images.join(format!("{name}.base"))
    }

    fn description_path(&self, name: &str) -> PathBuf {
        self.0.images.join(format!("{name}.json"))
    }

    fn with_key<T>(&self, name: &str, look: impl FnOnce(&mut Key) -> T) -> T {
        let mut keys = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
        look(keys.entry(name.to_owned()).or_default())
    }
}

/// The name of the base: the data of an image never changes, but another cloud could use the same id for other data.
fn name(image: &BootImage) -> String {
    match &image.hash {
        Some((_, digest)) => {
            let short: String = digest.chars().filter(char::is_ascii_hexdigit).take(16).collect();
            format!("{}-{}", image.id, short.to_ascii_lowercase())
        }
        None => image.id.to_string(),
    }
}

fn declared_format(image: &BootImage) -> Result<DiskFormat, NodeError> {
    let bad = |reason: String| NodeError::BadImage { image: image.id, reason };
    let declared = image.format.as_deref().ok_or_else(|| bad("it has no disk format".to_owned()))?;
    let format: DiskFormat = declared.parse().map_err(|_| bad(format!("{declared:?} is not a disk format")))?;
    match format {
        DiskFormat::Aki | DiskFormat::Ari | DiskFormat::Ploop => Err(bad(format!("a disk can't stand on {format}"))),
        format => Ok(format),
    }
}
