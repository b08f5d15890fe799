//! The files of an instance: `instances/<server>/` with its disk, its configuration drive, its console log and sockets.
//!
//! # Theory of operation
//! A disk is a qcow2 overlay on a base of the image cache, and is made once: whoever finds it leaves it alone, because it
//! holds the guest's data. It is made under another name and renamed, so a half-made one is never found. The folder's
//! `base` file names the base before the overlay exists, so the cache never removes it in between.
//!
//! Folders are mode 0711: QEMU's user passes through them without seeing what is in them. Files are given to that user;
//! libvirt does not label them (a base shared by many guests must stay root's), so this is done here.

mod config_drive;
mod owner;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use ferrostack_agent_api::DomainSpec;
use ferrostack_base::Generation;
use uuid::Uuid;

pub(crate) use owner::Owner;

use crate::{
    command::Programs,
    error::NodeError,
    image_cache::{BASE_FILE, Base, ImageCache, free},
    ledger::{Record, write_whole},
};

/// Making an overlay writes a few hundred KiB.
const PATIENCE: Duration = Duration::from_secs(60);
/// An overlay begins with so many bytes.
const OVERLAY: u64 = 1 << 20;
/// The file in an instance's folder that says whose it is.
const NODE_FILE: &str = "node";
const GIB: u64 = 1 << 30;

/// The folders of all instances.
#[derive(Clone)]
pub(crate) struct Disks {
    folder: PathBuf,
    reserved: u64,
    programs: Programs,
    images: ImageCache,
    owner: Owner,
    node: Uuid,
}

/// The paths of one instance.
#[derive(Debug, Clone)]
pub(crate) struct InstanceFiles {
    pub(crate) folder: PathBuf,
}

impl InstanceFiles {
    pub(crate) fn disk(&self) -> PathBuf {
        self.folder.join("disk")
    }
    pub(crate) fn config_drive(&self) -> PathBuf {
        self.folder.join("config.iso")
    }
    pub(crate) fn console_log(&self) -> PathBuf {
        self.folder.join("console.log")
    }
    /// Where QEMU makes its sockets: the one folder that its user may write to.
    pub(crate) fn sockets(&self) -> PathBuf {
        self.folder.join("s")
    }
    pub(crate) fn serial_socket(&self) -> PathBuf {
        self.sockets().join("serial")
    }
    pub(crate) fn vnc_socket(&self) -> PathBuf {
        self.sockets().join("vnc")
    }
}

impl Disks {
    /// Those of a node; QEMU's user there is `owner`.
    pub(crate) fn new(
        state: &Path,
        reserved: u64,
        programs: Programs,
        images: ImageCache,
        (node, owner): (Uuid, Owner),
    ) -> Self {
        Self { folder: state.join("instances"), reserved, programs, images, owner, node }
    }

    /// The paths of a server.
    pub(crate) fn files(&self, server: Uuid) -> InstanceFiles {
        InstanceFiles { folder: self.folder.join(server.to_string()) }
    }

    /// Makes what is not there yet.
    pub(crate) async fn ensure(&self, record: &Record) -> Result<InstanceFiles, NodeError> {
        let spec = &record.spec;
        let files = self.files(spec.server);
        make_folder(&self.folder).map_err(NodeError::io(&self.folder))?;
        make_folder(&files.folder).map_err(NodeError::io(&files.folder))?;
        self.mark(spec.server)?;
        make_folder(&files.sockets()).map_err(NodeError::io(files.sockets()))?;
        self.give(&files.sockets())?;
        // Whatever was acted on once had its disk: a fresh one in its place would look like a guest without its data.
        if record.acted > Generation(0) && has_disk(spec) && !files.disk().exists() {
            return Err(NodeError::refused(format!("the disk {:?} of server {} is gone", files.disk(), spec.server)));
        }
        self.ensure_disk(spec, &files).await?;
        config_drive::ensure(spec, &files, &self.programs).await?;
        if files.config_drive().exists() {
            self.give(&files.config_drive())?;
        }
        Ok(files)
    }

    async fn ensure_disk(&self, spec: &DomainSpec, files: &InstanceFiles) -> Result<(), NodeError> {
        let disk = files.disk();
        if disk.exists() || !has_disk(spec) {
            return Ok(());
        }
        let wanted = u64::try_from(spec.disk_gb).unwrap_or(0).saturating_mul(GIB);
        let base = match &spec.image {
            Some(image) => Some(self.images.base(image).await?),
            None => None,
        };
        let smallest = base.as_ref().map_or(0, |base| base.description.virtual_size);
        if wanted > 0 && wanted < smallest {
            let what = format!("a disk of {wanted} bytes is too small for an image of {smallest} bytes");
            return Err(NodeError::refused(what));
        }
        let needed = OVERLAY + self.reserved;
        if free(&self.folder)? < needed {
            // Images that no disk stands on go first.
            self.images.make_room(OVERLAY).await?;
        }
        let there = free(&self.folder)?;
        if there < needed {
            return Err(NodeError::Full { path: self.folder.clone(), free: there, needed });
        }
        self.create(base.as_ref(), wanted.max(smallest), files).await
    }

    async fn create(&self, base: Option<&Base>, size: u64, files: &InstanceFiles) -> Result<(), NodeError> {
        let (disk, fresh) = (files.disk(), files.folder.join("disk.new"));
        let (size, target) = (size.to_string(), fresh.to_string_lossy());
        let backing = base.map(Base::path);
        let mut args = vec!["create", "-q", "-f", "qcow2"];
        let backing_path = backing.as_deref().map(Path::to_string_lossy);
        if let (Some(base), Some(path)) = (base, &backing_path) {
            let beside = files.folder.join(BASE_FILE);
            write_whole(&beside, base.name.as_bytes()).map_err(NodeError::io(&beside))?;
            // The format is always named: a raw base whose content looks like qcow2 would be read as such.
            args.extend(["-F", &base.description.format, "-b", path]);
        }
        args.extend([&*target, &size]);
        self.programs.run(PATIENCE, "qemu-img", &args).await?;
        self.give(&fresh)?;
        fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(NodeError::io(&fresh))?;
        fs::rename(&fresh, &disk).map_err(NodeError::io(&disk))?;
        // Also after a power cut the guest's disk is the one that it wrote to.
        [&files.folder, &self.folder].into_iter().try_for_each(|folder| {
            let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(NodeError::io(folder))
        })
    }

    /// Whether guests can write to their disks.
    pub(crate) fn has_room(&self) -> Result<bool, NodeError> {
        Ok(free(&self.folder)? >= OVERLAY + self.reserved)
    }

    /// Makes a file or folder QEMU's own.
    fn give(&self, path: &Path) -> Result<(), NodeError> {
        let mode = if path.is_dir() { 0o711 } else { 0o600 };
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(NodeError::io(path))?;
        let given = std::os::unix::fs::chown(path, Some(self.owner.user), Some(self.owner.group));
        given.map_err(NodeError::io(path))
    }

    /// Says whose the folder of a server is.
    pub(crate) fn mark(&self, server: Uuid) -> Result<(), NodeError> {
        let mark = self.files(server).folder.join(NODE_FILE);
        if fs::read_to_string(&mark).is_ok_and(|node| node == self.node.to_string()) {
            return Ok(());
        }
        write_whole(&mark, self.node.to_string().as_bytes()).map_err(NodeError::io(mark))
    }

    /// Removes all files of a server. Gone already is fine.
    pub(crate) async fn remove(&self, server: Uuid) -> Result<(), NodeError> {
        let folder = self.files(server).folder;
        match tokio::fs::remove_dir_all(&folder).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(NodeError::io(folder)(error)),
            _ => Ok(()),
        }
    }

    /// The servers that have a folder that is marked as this node's.
    pub(crate) fn list(&self) -> Result<Vec<Uuid>, NodeError> {
        let folders = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            folders => folders.map_err(NodeError::io(&self.folder))?,
        };
        let id = |folder: io::Result<fs::DirEntry>| {
            let folder = folder.ok()?;
            let node = fs::read_to_string(folder.path().join(NODE_FILE)).ok()?;
            (node == self.node.to_string()).then(|| folder.file_name().to_str()?.parse().ok())?
        };
        Ok(folders.filter_map(id).collect())
    }
}

fn has_disk(spec: &DomainSpec) -> bool {
    spec.image.is_some() || spec.disk_gb > 0
}

/// Makes a folder that others may pass through; there already is fine.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o711).create(path)
}
