//! Images: create, list, show, update, delete, deactivate, reactivate.

use ferrostack_http::{
    Cx, Fault, Id, Params, Reply, Routes, Valid,
    axum::{
        extract::{OriginalUri, State},
        http::{HeaderMap, Uri, header},
    },
};
use serde_json::{Map, Value};

use super::base;
use crate::{
    Image, ImageId, app,
    wire::{
        self,
        image::{CreateImage, ImageView, ImagesView},
        patch::{Dialect, PATCH},
    },
};

pub(super) fn routes() -> Routes<Image> {
    Routes::new()
        .get("/v2/images", list)
        .policy("get_images")
        .post("/v2/images", create)
        .policy("add_image")
        .schema(&wire::image::CREATE)
        .get("/v2/images/{id}", show)
        .policy("get_image")
        .patch("/v2/images/{id}", update)
        .policy("modify_image")
        .schema(&PATCH)
        .delete("/v2/images/{id}", delete)
        .policy("delete_image")
        .post("/v2/images/{id}/actions/deactivate", deactivate)
        .policy("deactivate")
        .no_schema("the path says all")
        .post("/v2/images/{id}/actions/reactivate", reactivate)
        .policy("reactivate")
        .no_schema("the path says all")
}

async fn list(Cx(cx): Cx, State(image): State<Image>, params: Params) -> Result<Reply, Fault> {
    let query = wire::image_list::parse(&params)?;
    let images = app::image::list(&cx, &image, &query).await?;
    let full = query.limit > 0 && images.len() == query.limit;
    let next = images
        .last()
        .filter(|_| full)
        .map(|last| format!("/v2/images?{}", params.with("marker", &last.id.to_string())));
    let first = first_link(&params);
    let images = images.iter().map(ImageView::new).collect();
    Ok(Reply::ok(&ImagesView { images, first, next, schema: "/v2/schemas/images" }))
}

/// The link to the first page: the query without its marker.
fn first_link(params: &Params) -> String {
    let emptied = params.with("marker", "");
    match emptied.strip_suffix("marker=").unwrap_or_default().trim_end_matches('&') {
        "" => "/v2/images".to_owned(),
        query => format!("/v2/images?{query}"),
    }
}

async fn create(
    Cx(cx): Cx,
    State(image): State<Image>,
    OriginalUri(original): OriginalUri,
    inner: Uri,
    headers: HeaderMap,
    Valid(body): Valid<CreateImage>,
) -> Result<Reply, Fault> {
    let record = body.into_record(image.db().clock().now())?;
    let record = app::image::create(&cx, &image, record).await?;
    let location = format!("{}{}", base(&image, &headers, &original, &inner), wire::image::path(record.id));
    Ok(Reply::created(&ImageView::new(&record)).header(header::LOCATION, &location))
}

async fn show(Cx(cx): Cx, State(image): State<Image>, Id(id): Id<ImageId>) -> Result<Reply, Fault> {
    let found = image.find(&cx, id, "get_image").await?;
    Ok(Reply::ok(&ImageView::new(&found.image)))
}

async fn update(
    Cx(cx): Cx,
    State(image): State<Image>,
    Id(id): Id<ImageId>,
    headers: HeaderMap,
    Valid(patch): Valid<Vec<Map<String, Value>>>,
) -> Result<Reply, Fault> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let changes = Dialect::of(content_type)?.parse(&patch)?;
    let record = app::image_update::update(&cx, &image, id, &changes).await?;
    Ok(Reply::ok(&ImageView::new(&record)))
}

async fn delete(Cx(cx): Cx, State(image): State<Image>, Id(id): Id<ImageId>) -> Result<Reply, Fault> {
    app::image::delete(&cx, &image, id).await?;
    Ok(Reply::no_content())
}

async fn deactivate(Cx(cx): Cx, State(image): State<Image>, Id(id): Id<ImageId>) -> Result<Reply, Fault> {
    app::image::deactivate(&cx, &image, id).await?;
    Ok(Reply::no_content())
}

async fn reactivate(Cx(cx): Cx, State(image): State<Image>, Id(id): Id<ImageId>) -> Result<Reply, Fault> {
    app::image::reactivate(&cx, &image, id).await?;
    Ok(Reply::no_content())
}
