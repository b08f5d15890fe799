//! What an operator can choose.

use std::path::PathBuf;

/// Settings of the service.
#[derive(Debug, Clone)]
pub struct ImageOptions {
    /// Where the data of images is kept: a directory of its own on a disk with room.
    pub store_dir: PathBuf,
    /// The largest image in bytes.
    pub size_cap: u64,
    /// The address of this service for links, such as `https://cloud.example/image`; none = as the client found it.
    pub public_url: Option<String>,
    /// How many images a project may have; none = any number.
    pub image_count_total: Option<u64>,
    /// How many bytes the images of a project may have together; none = any number.
    pub image_size_total: Option<u64>,
    /// How many custom properties an image may have.
    pub image_property_quota: usize,
    /// How many tags an image may have.
    pub image_tag_quota: usize,
    /// With how many projects an image may be shared.
    pub image_member_quota: usize,
}

impl ImageOptions {
    /// Upstream's defaults, but images of at most 1 TiB as there: no limits per project.
    pub fn new(store_dir: impl Into<PathBuf>) -> Self {
        Self {
            store_dir: store_dir.into(),
            size_cap: 1 << 40,
            public_url: None,
            image_count_total: None,
            image_size_total: None,
            image_property_quota: 128,
            image_tag_quota: 128,
            image_member_quota: 128,
        }
    }
}
