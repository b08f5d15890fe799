//! Creation, lists, deletion and (de)activation of images.

use ferrostack_auth::Ctx;
use ferrostack_base::Timestamp;
use ferrostack_http::Fault;

use super::quota;
use crate::{
    Image, ImageError,
    access::is_admin,
    model::{ImageId, ImageRecord, ImageTarget, Status, Visibility},
    store::{
        self,
        image_list::{Query, Viewer},
    },
};

/// So often a change is applied anew to a record that others change too.
pub(crate) const ATTEMPTS: usize = 30;

/// Registers an image without data. `record.owner` is none when the caller named nobody.
pub(crate) async fn create(cx: &Ctx, image: &Image, mut record: ImageRecord) -> Result<ImageRecord, ImageError> {
    if record.owner.is_none() {
        record.owner = cx.project_id().map(str::to_owned);
    }
    let target = ImageTarget { owner: record.owner.as_deref(), visibility: record.visibility, member: None };
    if let Err(denied) = cx.allow("add_image", &target) {
        let owner = record.owner.unwrap_or_default();
        let foreign = cx.project_id() != Some(owner.as_str());
        return Err(if foreign { ImageError::ForeignOwner { owner } } else { ImageError::Denied(denied) });
    }
    if let Some(action) = visibility_action(record.visibility) {
        cx.allow(action, &target).map_err(ImageError::Denied)?;
    }
    check_limits(image, &record)?;
    insert(image, &record).await?;
    Ok(record)
}

/// Writes a new record, within the owner's limits.
pub(crate) async fn insert(image: &Image, record: &ImageRecord) -> Result<(), ImageError> {
    let options = image.options();
    image
        .db()
        .tx(|tx| async move {
            quota::check_count(&tx, options, record.owner.as_deref()).await?;
            match store::image::insert(&tx, record).await {
                Err(error) if error.is_duplicate() => Err(ImageError::DuplicateImage { id: record.id }),
                other => Ok(other?),
            }
        })
        .await
}

/// The action that a visibility asks for beyond the usual.
pub(crate) fn visibility_action(visibility: Visibility) -> Option<&'static str> {
    match visibility {
        Visibility::Public => Some("publicize_image"),
        Visibility::Community => Some("communitize_image"),
        Visibility::Shared | Visibility::Private => None,
    }
}

/// Tags and properties within the cloud's limits?
pub(crate) fn check_limits(image: &Image, record: &ImageRecord) -> Result<(), ImageError> {
    let options = image.options();
    if record.tags.len() > options.image_tag_quota {
        return Err(ImageError::TooMany { what: "tags", limit: options.image_tag_quota });
    }
    if record.properties.len() > options.image_property_quota {
        return Err(ImageError::TooMany { what: "custom properties", limit: options.image_property_quota });
    }
    Ok(())
}

/// A page of the images that the caller may see.
pub(crate) async fn list(cx: &Ctx, image: &Image, query: &Query) -> Result<Vec<ImageRecord>, Fault> {
    let project = cx.project_id().map(str::to_owned);
    let viewer = if is_admin(cx) { Viewer::Admin { project } } else { Viewer::Project(project) };
    let marker = match query.marker {
        None => None,
        Some(id) => match image.find(cx, id, "get_image").await {
            Ok(found) => Some(found.image),
            Err(ImageError::ImageNotFound { .. }) => {
                return Err(Fault::bad_request(format!(
                    "Invalid input for query parameter marker: there is no image {id}."
                )));
            }
            Err(error) => return Err(error.into()),
        },
    };
    Ok(store::image_list::list(image.db(), query, &viewer, marker.as_ref()).await?)
}

/// Changes a record that the caller may do `action` to, and writes it. `change` may run several times.
pub(crate) async fn change(
    cx: &Ctx,
    image: &Image,
    id: ImageId,
    action: &str,
    change: impl Fn(&mut ImageRecord) -> Result<(), ImageError>,
) -> Result<ImageRecord, ImageError> {
    for _ in 0..ATTEMPTS {
        let found = image.find(cx, id, action).await?;
        let mut next = found.image.clone();
        change(&mut next)?;
        if next == found.image {
            return Ok(next);
        }
        if write(image, &mut next).await? {
            return Ok(next);
        }
        settled(image, id).await?;
    }
    Err(ImageError::Contended { id })
}

/// The record as it is once all changes that a failed compare-and-set may have met are committed: a read outside of
/// transactions could still miss them, and meet them again.
pub(crate) async fn settled(image: &Image, id: ImageId) -> Result<Option<ImageRecord>, ImageError> {
    Ok(image.db().tx(|tx| async move { store::image::get(&tx, id).await }).await?)
}

/// Writes a changed record; `false` when another change came first.
pub(crate) async fn write(image: &Image, next: &mut ImageRecord) -> Result<bool, ImageError> {
    check_limits(image, next)?;
    next.updated_at = image.db().clock().now();
    let next = &*next;
    Ok(image.db().tx(|tx| async move { store::image::update(&tx, next).await }).await?)
}

/// Forbids downloads for a while.
pub(crate) async fn deactivate(cx: &Ctx, image: &Image, id: ImageId) -> Result<(), ImageError> {
    switch(cx, image, id, "deactivate", Status::Deactivated).await
}

/// Allows them again.
pub(crate) async fn reactivate(cx: &Ctx, image: &Image, id: ImageId) -> Result<(), ImageError> {
    switch(cx, image, id, "reactivate", Status::Active).await
}

async fn switch(cx: &Ctx, image: &Image, id: ImageId, action: &str, to: Status) -> Result<(), ImageError> {
    let flip = |record: &mut ImageRecord| {
        if !matches!(record.status, Status::Active | Status::Deactivated) {
            return Err(ImageError::NotActive { id, status: record.status.as_str() });
        }
        record.status = to;
        Ok(())
    };
    change(cx, image, id, action, flip).await.map(|_| ())
}

/// Deletes an image with all that belongs to it, also in the middle of an upload.
pub(crate) async fn delete(cx: &Ctx, image: &Image, id: ImageId) -> Result<(), ImageError> {
    let record = image.find(cx, id, "delete_image").await?.image;
    if record.protected {
        return Err(ImageError::Protected { id });
    }
    let file = image
        .db()
        .tx(|tx| async move {
            // Read again: the data may have become complete since.
            let Some(record) = store::image::get(&tx, id).await? else { return Err(ImageError::ImageNotFound { id }) };
            if store::image::delete(&tx, id).await? { Ok(record.data_file) } else { Err(ImageError::Protected { id }) }
        })
        .await?;
    if let Some(file) = file
        && let Err(error) = image.files().remove(&file).await
    {
        // The image is gone all the same; the orphan file remover tries again.
        tracing::warn!(image = %id, error = %ferrostack_base::chain(&error), "the data of a deleted image is still there");
    }
    Ok(())
}

/// Adds a tag.
pub(crate) async fn add_tag(cx: &Ctx, image: &Image, id: ImageId, tag: &str) -> Result<(), ImageError> {
    let add = |record: &mut ImageRecord| {
        record.tags.insert(tag.to_owned());
        Ok(())
    };
    change(cx, image, id, "modify_image", add).await.map(|_| ())
}

/// Removes a tag.
pub(crate) async fn remove_tag(cx: &Ctx, image: &Image, id: ImageId, tag: &str) -> Result<(), ImageError> {
    let remove = |record: &mut ImageRecord| match record.tags.remove(tag) {
        true => Ok(()),
        false => Err(ImageError::TagNotFound { image: id, tag: tag.to_owned() }),
    };
    change(cx, image, id, "modify_image", remove).await.map(|_| ())
}

/// A record to be filled in.
pub(crate) fn blank(id: Option<ImageId>, now: Timestamp) -> ImageRecord {
    store::image::blank(id.unwrap_or_else(ImageId::new), now)
}
