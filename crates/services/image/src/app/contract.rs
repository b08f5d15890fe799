//! The service as compute sees it.

use ferrostack_auth::Ctx;
use ferrostack_contracts::{ImageFacts, Reply};
use uuid::Uuid;

use crate::{Image, model::ImageId};

impl ferrostack_contracts::Image for Image {
    fn image<'a>(&'a self, cx: &'a Ctx, id: Uuid) -> Reply<'a, ImageFacts> {
        Box::pin(async move {
            let image = self.find(cx, ImageId(id), "get_image").await?.image;
            Ok(ImageFacts {
                id,
                name: image.name,
                status: image.status.as_str().to_owned(),
                size: image.size,
                virtual_size: image.virtual_size,
                disk_format: image.disk_format.map(|format| format.as_str().to_owned()),
                min_disk: image.min_disk,
                min_ram: image.min_ram,
                hash: image.os_hash_algo.zip(image.os_hash_value),
                properties: image.properties,
            })
        })
    }
}
