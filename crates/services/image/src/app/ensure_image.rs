//! Images that come with the cloud: made once, whoever starts first.

use std::{collections::BTreeMap, path::PathBuf, pin::Pin};

use bytes::Bytes;
use ferrostack_image_format::DiskFormat;
use futures::{Stream, stream};
use uuid::Uuid;

use super::{
    image::{self, settled},
    image_data,
};
use crate::{
    ContainerFormat, Image, ImageError, ImageId,
    file_store::open_file,
    model::{Status, Visibility},
    store,
};

/// Where an image's data comes from.
#[derive(Debug, Clone)]
pub enum ImageSource {
    /// A file of this machine.
    File(PathBuf),
    /// Memory, such as an image that is part of the program.
    Bytes(Bytes),
}

/// A public image that shall be there.
#[derive(Debug, Clone)]
pub struct GuestImage {
    /// Its name, from which its id is derived.
    pub name: String,
    /// The project that owns it; none = nobody, only administrators can change it.
    pub owner: Option<String>,
    /// What the disk is.
    pub disk_format: DiskFormat,
    /// What is around the disk.
    pub container_format: ContainerFormat,
    /// The smallest disk of a flavor, in GiB.
    pub min_disk: i64,
    /// The smallest memory of a flavor, in MiB.
    pub min_ram: i64,
    /// Custom properties.
    pub properties: BTreeMap<String, String>,
    /// Its data.
    pub source: ImageSource,
}

/// Makes the image active unless it is there already. Its id is always the same for the same name, so a second call, also
/// one at the same time on another controller, finds the first one's image and changes nothing, whatever became of its
/// attributes since.
///
/// # Errors
/// When the data is not what the image says or can't be stored.
pub async fn ensure_image(service: &Image, wanted: GuestImage) -> Result<ImageId, ImageError> {
    let id = ImageId(Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("ferrostack:image:{}", wanted.name).as_bytes()));
    if store::image::get(service.db(), id).await?.is_none() {
        let mut record = image::blank(Some(id), service.db().clock().now());
        record.name = Some(wanted.name);
        record.owner = wanted.owner;
        record.visibility = Visibility::Public;
        record.disk_format = Some(wanted.disk_format);
        record.container_format = Some(wanted.container_format);
        record.min_disk = wanted.min_disk;
        record.min_ram = wanted.min_ram;
        record.properties = wanted.properties;
        match image::insert(service, &record).await {
            Err(ImageError::DuplicateImage { .. }) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    let record = settled(service, id).await?.ok_or(ImageError::ImageNotFound { id })?;
    if record.status != Status::Queued {
        return Ok(id);
    }
    let (size, mut data) = open(wanted.source).await?;
    match image_data::upload(service, &record, Some(size), &mut data).await {
        // Another controller uploads it at this moment.
        Ok(()) | Err(ImageError::NotQueued { .. }) => Ok(id),
        Err(error) => Err(error),
    }
}

type Data = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

async fn open(source: ImageSource) -> Result<(u64, Data), ImageError> {
    match source {
        ImageSource::Bytes(bytes) => Ok((bytes.len() as u64, Box::pin(stream::iter([Ok(bytes)])))),
        ImageSource::File(path) => {
            let (size, data) = open_file(path).await?;
            Ok((size, Box::pin(data)))
        }
    }
}
