//! Where a node gets the data of images from.

use std::{io, pin::Pin};

use bytes::Bytes;
use futures::Stream;
use uuid::Uuid;

use crate::Reply;

/// The data of an image.
pub struct ImageData {
    /// In bytes, when known.
    pub size: Option<u64>,
    /// The data, in order.
    pub chunks: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
}

/// Gives nodes the data of images: the image service in the same process, or a controller across the network.
pub trait ImageSource: Send + Sync {
    /// Opens the image's data; `NotFound` when there is none.
    fn open(&self, image: Uuid) -> Reply<'_, ImageData>;
}
