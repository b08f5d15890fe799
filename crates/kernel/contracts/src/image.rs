//! What compute needs of images.

use std::collections::BTreeMap;

use ferrostack_auth::Ctx;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Reply;

/// An image as compute sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Option<String>,
    /// `active`, `queued` ...
    pub status: String,
    /// Of the data, in bytes.
    pub size: Option<i64>,
    /// Of the disk inside, in bytes.
    pub virtual_size: Option<i64>,
    /// `qcow2`, `raw` ...
    pub disk_format: Option<String>,
    /// The smallest disk that a flavor must give, in GiB.
    pub min_disk: i64,
    /// The smallest memory that a flavor must give, in MiB.
    pub min_ram: i64,
    /// Algorithm (`sha512`) and digest of the data, by which nodes cache and check it.
    pub hash: Option<(String, String)>,
    /// Custom properties.
    pub properties: BTreeMap<String, String>,
}

/// The image service as compute sees it.
pub trait Image: Send + Sync {
    /// The image, if the caller may see it.
    fn image<'a>(&'a self, cx: &'a Ctx, id: Uuid) -> Reply<'a, ImageFacts>;
}
