//! An image's data: upload and download. The crate's theory of operation tells who owns the row meanwhile.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use ferrostack_auth::Ctx;
use futures::{Stream, StreamExt};

use super::{image::settled, live_uploads::LiveUpload, quota};
use crate::{
    Image, ImageError,
    access::is_admin,
    file_store::{ByteRange, DataStream, FileName, Received},
    model::{ImageId, ImageRecord, Status},
    store::{self, upload::StoredData},
};

/// How often an upload says that it lives; far more often than `stale_upload_resetter::LAPSE`.
const BEAT: Duration = Duration::from_secs(5);
/// An upload without data for so long is given up.
const IDLE: Duration = Duration::from_secs(300);
/// How long an upload waits for its turn.
const TURN: Duration = Duration::from_secs(60);

/// Stores the data of a queued image. The caller may do so (`upload_image` was asked).
pub(crate) async fn upload<S, E>(
    image: &Image,
    record: &ImageRecord,
    announced: Option<u64>,
    data: &mut S,
) -> Result<(), ImageError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let id = record.id;
    let options = image.options();
    if record.status != Status::Queued {
        return Err(ImageError::not_queued(id, record.status));
    }
    if record.disk_format.is_none() || record.container_format.is_none() {
        return Err(ImageError::NoFormats { id });
    }
    let room =
        Room { cap: options.size_cap, left: quota::size_left(image.db(), options, record.owner.as_deref()).await? };
    room.check(announced.unwrap_or(0), options)?;
    let turn = image.db().clock().timeout(TURN, image.0.uploads.acquire()).await;
    let Ok(Ok(_turn)) = turn else { return Err(ImageError::Busy) };

    let live = LiveUpload::begin();
    take(image, id, &live).await?;
    let name = FileName { image: id, upload: live.0 };
    let error = match receive(image, record, &live, &room, announced, data).await {
        Ok(received) => match finish(image, record, name, received).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        },
        Err(error) => error,
    };
    give_up(image, name, error).await
}

/// Nothing is left behind of a refused upload. What fails here is done again by the background tasks.
async fn give_up(image: &Image, name: FileName, error: ImageError) -> Result<(), ImageError> {
    let (id, file) = (name.image, name.to_string());
    let now = image.db().clock().now();
    let reset = image.db().tx(|tx| async move { store::upload::delete(&tx, id, Some(name.upload), now).await }).await;
    // The error may be that of a commit which took place all the same: then the row names the file, and it stays.
    let named = match &reset {
        Ok(true) => false,
        Ok(false) => store::upload::is_known(image.db(), id, name.upload, &file).await.unwrap_or(true),
        Err(_) => true,
    };
    if !named && let Err(left) = image.files().remove(&file).await {
        tracing::warn!(image = %id, error = %ferrostack_base::chain(&left), "the file of a refused upload is still there");
    }
    match reset {
        Ok(true) => Err(error),
        Ok(false) if named => Ok(()),
        Ok(false) => Err(ImageError::Lost { id }),
        Err(failed) => {
            tracing::warn!(image = %id, error = %ferrostack_base::chain(&failed), "the image of a refused upload is still saving");
            Err(error)
        }
    }
}

/// How much data there may be.
struct Room {
    cap: u64,
    /// Of the project's limit.
    left: Option<u64>,
}

impl Room {
    fn check(&self, size: u64, options: &crate::ImageOptions) -> Result<(), ImageError> {
        if size > self.cap {
            return Err(ImageError::TooLarge { limit: self.cap });
        }
        if self.left.is_some_and(|left| size > left || left == 0) {
            return Err(quota::size_exceeded(options));
        }
        Ok(())
    }
}

async fn take(image: &Image, id: ImageId, live: &LiveUpload) -> Result<(), ImageError> {
    let db = image.db();
    let (upload, beat, now) = (live.0, db.now().await?, db.clock().now());
    if db.tx(|tx| async move { store::upload::insert(&tx, id, upload, beat, now).await }).await? {
        return Ok(());
    }
    // Somebody was faster: say what the image is now.
    match settled(image, id).await? {
        None => Err(ImageError::ImageNotFound { id }),
        Some(found) if found.status == Status::Queued => Err(ImageError::NoFormats { id }),
        Some(found) => Err(ImageError::not_queued(id, found.status)),
    }
}

async fn receive<S, E>(
    image: &Image,
    record: &ImageRecord,
    live: &LiveUpload,
    room: &Room,
    announced: Option<u64>,
    data: &mut S,
) -> Result<Received, ImageError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (id, clock) = (record.id, image.db().clock());
    let mut receiver = image.files().receive(FileName { image: id, upload: live.0 });
    let mut size = 0;
    let mut quiet = Duration::ZERO;
    let mut beat = pin!(clock.sleep(BEAT));
    let outcome = loop {
        let next = tokio::select! {
            biased;
            () = beat.as_mut() => {
                beat.set(clock.sleep(BEAT));
                quiet += BEAT;
                match renew(image, id, live).await {
                    Ok(true) if quiet >= IDLE => break Err(ImageError::Idle { id, seconds: IDLE.as_secs() }),
                    Ok(true) => continue,
                    Ok(false) => break Err(ImageError::Lost { id }),
                    Err(error) => break Err(error),
                }
            }
            next = data.next() => next,
        };
        quiet = Duration::ZERO;
        match next {
            None => break Ok(()),
            Some(Err(error)) => break Err(ImageError::Cut { id, source: error.into() }),
            Some(Ok(chunk)) => {
                size += chunk.len() as u64;
                if let Err(error) = room.check(size, image.options()) {
                    break Err(error);
                }
                if !receiver.push(chunk).await {
                    break Ok(());
                }
            }
        }
    };
    if let Err(error) = outcome {
        receiver.abort().await;
        return Err(error);
    }
    let received = receiver.finish().await?;
    match announced {
        Some(announced) if announced != received.inspection.size => {
            Err(ImageError::WrongSize { announced, received: received.inspection.size })
        }
        _ => Ok(received),
    }
}

async fn renew(image: &Image, id: ImageId, live: &LiveUpload) -> Result<bool, ImageError> {
    let (upload, beat) = (live.0, image.db().now().await?);
    Ok(image.db().tx(|tx| async move { store::upload::update(&tx, id, upload, beat).await }).await?)
}

/// Judges the data, names the file, and makes the image active.
async fn finish(image: &Image, record: &ImageRecord, name: FileName, received: Received) -> Result<(), ImageError> {
    let id = record.id;
    let inspection = &received.inspection;
    // The formats can't change while the row is `saving`; those that the upload began with may be older.
    let taken = store::image::get(image.db(), id).await?.ok_or(ImageError::Lost { id })?;
    let mut virtual_size = None;
    if let (Some(disk), Some(container)) = (taken.disk_format, taken.container_format)
        && container.is_plain()
    {
        inspection.check(disk).map_err(ImageError::Mismatch)?;
        virtual_size = Some(inspection.virtual_size_as(disk));
    }
    let data = StoredData {
        file: name.to_string(),
        size: inspection.size,
        virtual_size,
        md5: received.md5,
        sha512: received.sha512,
    };
    image.files().complete(name).await?;
    let (data, owner, options, now) = (&data, taken.owner.as_deref(), image.options(), image.db().clock().now());
    image
        .db()
        .tx(|tx| async move {
            if quota::size_left(&tx, options, owner).await?.is_some_and(|left| data.size > left) {
                return Err(quota::size_exceeded(options));
            }
            if store::upload::finish(&tx, id, name.upload, data, now).await? {
                Ok(())
            } else {
                Err(ImageError::Lost { id })
            }
        })
        .await
}

/// The data of an image that may be read.
pub(crate) struct Readable {
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) md5: Option<String>,
    file: String,
    id: ImageId,
}

/// What there is to read of an image; none when it has no data yet. `download_image` was asked.
pub(crate) fn readable(cx: &Ctx, record: ImageRecord) -> Result<Option<Readable>, ImageError> {
    if record.status == Status::Deactivated && !is_admin(cx) {
        return Err(ImageError::Deactivated { id: record.id });
    }
    let size = record.size.and_then(|size| u64::try_from(size).ok());
    let Some((file, size)) = record.data_file.zip(size) else { return Ok(None) };
    Ok(Some(Readable { size, md5: record.checksum, file, id: record.id }))
}

impl Readable {
    /// The data, or a part of it.
    pub(crate) async fn open(&self, image: &Image, range: ByteRange) -> Result<DataStream, ImageError> {
        image.files().read(&self.file, range).await?.ok_or(ImageError::DataMissing { id: self.id })
    }
}
