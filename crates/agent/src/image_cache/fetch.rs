//! One fetch: from the source through hash and inspection into a base.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use ferrostack_agent_api::{AgentErrorKind, BootImage};
use ferrostack_image_format::{DiskFormat, Inspection, Inspector};
use futures::StreamExt;
use md5::Md5;
use sha2::{Digest, Sha256, Sha512};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Description, ImageCache};
use crate::{error::NodeError, ledger::write_whole};

/// A source that gives nothing for this long is taken for dead.
const SILENCE: Duration = Duration::from_secs(60);
/// Converting a foreign format takes as long as reading and writing the disk does.
const CONVERSION: Duration = Duration::from_secs(1800);
/// How often the room on the disk is looked at when the size is not known beforehand, in bytes.
const LOOK_EVERY: u64 = 64 << 20;

/// A file that goes away unless it is kept.
struct Temporary(Option<PathBuf>);

impl Temporary {
    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    fn keep_as(mut self, path: &Path) -> io::Result<()> {
        fs::rename(self.path(), path)?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let _ = fs::remove_file(path);
        }
    }
}

impl ImageCache {
    /// Fetches an image and makes it a base.
    pub(super) async fn fetch(
        &self,
        image: &BootImage,
        declared: DiskFormat,
        name: &str,
    ) -> Result<Description, NodeError> {
        let started = self.0.clock.now();
        let temporary = self.temporary();
        let inspection = self.receive(image, temporary.path()).await?;
        inspection.check(declared).map_err(|source| NodeError::Image { image: image.id, source })?;
        let (temporary, format) = match declared {
            DiskFormat::Raw | DiskFormat::Gpt | DiskFormat::Iso | DiskFormat::Ami => (temporary, "raw"),
            DiskFormat::Qcow2 => (temporary, "qcow2"),
            other => (self.convert(image.id, temporary, other).await?, "qcow2"),
        };
        let virtual_size = inspection.virtual_size_as(declared);
        let size = fs::metadata(temporary.path()).map_err(NodeError::io(temporary.path()))?.len();
        let description = Description { image: image.id, format: format.to_owned(), virtual_size, size };
        let (base, beside) = (self.base_path(name), self.description_path(name));
        let text = serde_json::to_vec(&description).map_err(|error| NodeError::io(&beside)(error.into()))?;
        fs::set_permissions(temporary.path(), Permissions::from_mode(0o444))
            .map_err(NodeError::io(temporary.path()))?;
        temporary.keep_as(&base).map_err(NodeError::io(&base))?;
        write_whole(&beside, &text).map_err(NodeError::io(&beside))?;
        let took = self.0.clock.now().since(started);
        tracing::info!(image = %image.id, format, size, virtual_size, took_ms = took.as_millis(), "image fetched");
        Ok(description)
    }

    fn temporary(&self) -> Temporary {
        Temporary(Some(self.0.images.join(format!("{}.part", Uuid::new_v4()))))
    }

    /// Writes the image's data to a file; it is synced, and its digest is the expected one.
    async fn receive(&self, image: &BootImage, path: &Path) -> Result<Inspection, NodeError> {
        let id = image.id;
        let refused = |reason: String, away| NodeError::ImageSource { image: id, reason, away };
        let opened = self.0.clock.timeout(SILENCE, self.0.source.open(id)).await;
        let opened = opened.map_err(|_| refused(format!("no answer within {} s", SILENCE.as_secs()), true))?;
        let mut data = opened.map_err(|error| {
            refused(error.message, !matches!(error.kind, AgentErrorKind::NotFound | AgentErrorKind::Refused))
        })?;
        if let Some(size) = data.size {
            self.make_room(size).await?;
        }
        let digest = image.hash.as_ref().map(|(algorithm, _)| Hasher::new(id, algorithm)).transpose()?;
        let file =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(NodeError::io(path))?;
        // Hashing and writing are work for a thread of their own; the channel keeps the network a little ahead of it.
        let (chunks, queue) = mpsc::channel::<Bytes>(16);
        let writing = tokio::task::spawn_blocking(move || write(file, queue, digest));
        let (mut received, mut looked) = (0u64, 0u64);
        let streamed = loop {
            match self.0.clock.timeout(SILENCE, data.chunks.next()).await {
                Err(_) => break Err(refused(format!("nothing came for {} s", SILENCE.as_secs()), true)),
                Ok(None) => break Ok(()),
                Ok(Some(Err(source))) => break Err(NodeError::ImageCut { image: id, source }),
                Ok(Some(Ok(chunk))) => {
                    received += chunk.len() as u64;
                    if data.size.is_none() && received - looked >= LOOK_EVERY {
                        looked = received;
                        if let Err(full) = self.make_room(LOOK_EVERY).await {
                            break Err(full);
                        }
                    }
                    // The writer gave up: it says why.
                    if chunks.send(chunk).await.is_err() {
                        break Ok(());
                    }
                }
            }
        };
        drop(chunks);
        let written = writing.await.map_err(|failed| NodeError::BadImage { image: id, reason: failed.to_string() })?;
        streamed?;
        let (inspector, digest) = written.map_err(NodeError::io(path))?;
        if let Some(size) = data.size.filter(|size| *size != received) {
            let source = io::Error::new(io::ErrorKind::UnexpectedEof, format!("{received} of {size} bytes came"));
            return Err(NodeError::ImageCut { image: id, source });
        }
        match (&image.hash, digest) {
            (Some((algorithm, expected)), Some(found)) if !expected.eq_ignore_ascii_case(&found) => {
                let reason = format!("the {algorithm} of its data is {found}, not {expected}");
                Err(NodeError::BadImage { image: id, reason })
            }
            _ => Ok(inspector.finish()),
        }
    }

    /// QEMU's other formats become qcow2 once, instead of being parsed beside each guest.
    async fn convert(&self, image: Uuid, from: Temporary, format: DiskFormat) -> Result<Temporary, NodeError> {
        let to = self.temporary();
        let format = if format == DiskFormat::Vhd { "vpc" } else { format.as_str() };
        let (source, target) = (from.path().to_string_lossy(), to.path().to_string_lossy());
        let args = ["convert", "-f", format, "-O", "qcow2", &source, &target];
        let converted = self.0.programs.run(CONVERSION, "qemu-img", &args).await;
        converted.map_err(|error| NodeError::BadImage { image, reason: ferrostack_base::chain(&error).to_string() })?;
        File::open(to.path()).and_then(|file| file.sync_all()).map_err(NodeError::io(to.path()))?;
        Ok(to)
    }
}

fn write(
    mut file: File,
    mut queue: mpsc::Receiver<Bytes>,
    mut digest: Option<Hasher>,
) -> io::Result<(Inspector, Option<String>)> {
    let mut inspector = Inspector::new();
    while let Some(chunk) = queue.blocking_recv() {
        file.write_all(&chunk)?;
        inspector.feed(&chunk);
        if let Some(digest) = &mut digest {
            digest.feed(&chunk);
        }
    }
    file.sync_all()?;
    Ok((inspector, digest.map(Hasher::finish)))
}

/// The digests that images have.
enum Hasher {
    Sha512(Box<Sha512>),
    Sha256(Sha256),
    Md5(Md5),
}

impl Hasher {
    fn new(image: Uuid, algorithm: &str) -> Result<Self, NodeError> {
        match algorithm.to_ascii_lowercase().as_str() {
            "sha512" => Ok(Self::Sha512(Box::default())),
            "sha256" => Ok(Self::Sha256(Sha256::new())),
            "md5" => Ok(Self::Md5(Md5::new())),
            other => Err(NodeError::BadImage { image, reason: format!("{other:?} is not a known digest") }),
        }
    }

    fn feed(&mut self, chunk: &[u8]) {
        match self {
            Self::Sha512(digest) => digest.update(chunk),
            Self::Sha256(digest) => digest.update(chunk),
            Self::Md5(digest) => digest.update(chunk),
        }
    }

    fn finish(self) -> String {
        match self {
            Self::Sha512(digest) => hex::encode(digest.finalize()),
            Self::Sha256(digest) => hex::encode(digest.finalize()),
            Self::Md5(digest) => hex::encode(digest.finalize()),
        }
    }
}
