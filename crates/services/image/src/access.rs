//! Looks an image up and authorizes in one call: nothing gets a record without saying what it is for.

use ferrostack_auth::Ctx;

use crate::{
    Image, ImageError,
    model::{ImageId, ImageRecord, ImageTarget, Visibility},
    store,
};

/// An image that the caller may see.
pub(crate) struct Found {
    pub(crate) image: ImageRecord,
    /// The caller's project when the image is shared with it.
    pub(crate) member: Option<String>,
}

impl Found {
    pub(crate) fn target(&self) -> ImageTarget<'_> {
        ImageTarget {
            owner: self.image.owner.as_deref(),
            visibility: self.image.visibility,
            member: self.member.as_deref(),
        }
    }

    /// May the caller do this too? For what depends on the request's content.
    pub(crate) fn allow(&self, cx: &Ctx, action: &str) -> Result<(), ImageError> {
        cx.allow(action, &self.target()).map_err(ImageError::Denied)
    }

    /// Whether the caller's project owns the image.
    pub(crate) fn is_own(&self, cx: &Ctx) -> bool {
        self.image.owner.is_some() && self.image.owner.as_deref() == cx.project_id()
    }
}

/// Whether the images of all projects are the caller's business.
pub(crate) fn is_admin(cx: &Ctx) -> bool {
    cx.allow("image_admin", &()).is_ok()
}

impl Image {
    /// The image, if the caller may see it and do `action` to it. What the caller may not see does not exist.
    pub(crate) async fn find(&self, cx: &Ctx, id: ImageId, action: &str) -> Result<Found, ImageError> {
        let hidden = ImageError::ImageNotFound { id };
        let Some(image) = store::image::get(self.db(), id).await? else { return Err(hidden) };
        let mut found = Found { image, member: None };
        if found.image.visibility == Visibility::Shared
            && !found.is_own(cx)
            && let Some(project) = cx.project_id()
        {
            found.member = store::member::get(self.db(), id, project).await?.map(|member| member.member);
        }
        let visible = match found.image.visibility {
            Visibility::Public | Visibility::Community => true,
            Visibility::Shared | Visibility::Private => {
                found.is_own(cx) || found.image.owner.is_none() || found.member.is_some()
            }
        };
        if !(visible || is_admin(cx)) || found.allow(cx, "get_image").is_err() {
            return Err(hidden);
        }
        found.allow(cx, action)?;
        Ok(found)
    }
}
