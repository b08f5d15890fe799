//! Limits per project: a count of its images and a sum of their data.

use ferrostack_db::{DbError, Read};

use crate::{ImageError, options::ImageOptions, store};

/// May the project have one more image?
pub(crate) async fn check_count(db: &impl Read, options: &ImageOptions, owner: Option<&str>) -> Result<(), ImageError> {
    let (Some(limit), Some(owner)) = (options.image_count_total, owner) else { return Ok(()) };
    if store::image::count(db, owner).await? >= limit {
        return Err(ImageError::OverQuota { what: "images", limit });
    }
    Ok(())
}

/// How many more bytes the project's images may have; none = any number.
pub(crate) async fn size_left(
    db: &impl Read,
    options: &ImageOptions,
    owner: Option<&str>,
) -> Result<Option<u64>, DbError> {
    let (Some(limit), Some(owner)) = (options.image_size_total, owner) else { return Ok(None) };
    Ok(Some(limit.saturating_sub(store::image::total_size(db, owner).await?)))
}

/// The refusal of data that the project has no room for.
pub(crate) fn size_exceeded(options: &ImageOptions) -> ImageError {
    ImageError::OverQuota { what: "bytes of image data", limit: options.image_size_total.unwrap_or_default() }
}
