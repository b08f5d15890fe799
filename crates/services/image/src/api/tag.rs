//! Single tags of images.

use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::extract::{Path, State},
};

use crate::{Image, ImageError, ImageId, app};

/// Longest tag, in characters.
const LONGEST: usize = 255;

pub(super) fn routes() -> Routes<Image> {
    Routes::new()
        .put("/v2/images/{id}/tags/{tag}", add)
        .policy("modify_image")
        .no_schema("the path says all")
        .delete("/v2/images/{id}/tags/{tag}", delete)
        .policy("modify_image")
}

async fn add(Cx(cx): Cx, State(image): State<Image>, Path((id, tag)): Path<(String, String)>) -> Result<Reply, Fault> {
    if tag.chars().count() > LONGEST {
        return Err(ImageError::invalid("the tag", &tag, "it must have at most 255 characters").into());
    }
    app::image::add_tag(&cx, &image, parse_id(&id)?, &tag).await?;
    Ok(Reply::no_content())
}

async fn delete(
    Cx(cx): Cx,
    State(image): State<Image>,
    Path((id, tag)): Path<(String, String)>,
) -> Result<Reply, Fault> {
    app::image::remove_tag(&cx, &image, parse_id(&id)?, &tag).await?;
    Ok(Reply::no_content())
}

/// An image's id that is not the last part of a path; a text that can't be one is not found.
pub(super) fn parse_id(text: &str) -> Result<ImageId, Fault> {
    text.parse().map_err(|_| Fault::not_found("Image", text))
}
