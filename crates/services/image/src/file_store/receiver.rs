//! Takes the data of an upload: written, hashed twice and inspected while it comes, each on a thread of its own.
//!
//! The lanes to the threads are bounded, so the slowest of them sets the pace and an upload never holds more than a few
//! chunks of the connection in memory.

use std::{fs, io::Write, path::PathBuf};

use bytes::Bytes;
use ferrostack_image_format::{Inspection, Inspector};
use md5::Md5;
use sha2::{Digest, Sha512};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

use super::failed;
use crate::ImageError;

/// Chunks that a lane holds; a chunk is what the connection read at once, at most about 400 KiB.
const LANE: usize = 8;

/// A file whose data is still coming.
pub(crate) struct Receiver {
    path: PathBuf,
    lanes: [mpsc::Sender<Bytes>; 3],
    file: JoinHandle<Result<Inspection, ImageError>>,
    md5: JoinHandle<String>,
    sha512: JoinHandle<String>,
}

/// A file that is complete and durable, still under its first name.
pub(crate) struct Received {
    /// Of the content, in hexadecimal digits.
    pub(crate) md5: String,
    /// Of the content, in hexadecimal digits.
    pub(crate) sha512: String,
    /// What the content is.
    pub(crate) inspection: Inspection,
}

impl Receiver {
    pub(super) fn start(path: PathBuf) -> Self {
        let (to_file, file_lane) = mpsc::channel(LANE);
        let (to_md5, md5_lane) = mpsc::channel(LANE);
        let (to_sha512, sha512_lane) = mpsc::channel(LANE);
        Self {
            lanes: [to_file, to_md5, to_sha512],
            file: spawn_blocking({
                let path = path.clone();
                move || write(path, file_lane)
            }),
            md5: spawn_blocking(move || hash::<Md5>(md5_lane)),
            sha512: spawn_blocking(move || hash::<Sha512>(sha512_lane)),
            path,
        }
    }

    /// The next data; `false` when writing failed: [`Receiver::finish`] then tells why.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> bool {
        for lane in &self.lanes {
            if lane.send(chunk.clone()).await.is_err() {
                return false;
            }
        }
        true
    }

    /// After the last data: waits until all of it is written and synced.
    pub(crate) async fn finish(self) -> Result<Received, ImageError> {
        drop(self.lanes);
        let broken = |error| failed("write", self.path.clone(), std::io::Error::other(error));
        let inspection = self.file.await.map_err(broken)??;
        Ok(Received { md5: self.md5.await.map_err(broken)?, sha512: self.sha512.await.map_err(broken)?, inspection })
    }

    /// Gives up; when this returns nobody writes to the file any more.
    pub(crate) async fn abort(self) {
        drop(self.lanes);
        let _ = self.file.await;
    }
}

fn write(path: PathBuf, mut lane: mpsc::Receiver<Bytes>) -> Result<Inspection, ImageError> {
    let mut inspector = Inspector::new();
    let mut open = || {
        let mut file = fs::File::create_new(&path)?;
        while let Some(chunk) = lane.blocking_recv() {
            file.write_all(&chunk)?;
            inspector.feed(&chunk);
        }
        file.sync_all()
    };
    match open() {
        Ok(()) => Ok(inspector.finish()),
        Err(source) => Err(failed("write", path, source)),
    }
}

fn hash<D: Digest>(mut lane: mpsc::Receiver<Bytes>) -> String {
    let mut digest = D::new();
    while let Some(chunk) = lane.blocking_recv() {
        digest.update(&chunk);
    }
    hex::encode(digest.finalize())
}
