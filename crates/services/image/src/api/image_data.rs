//! An image's data: upload and download.

use std::time::Duration;

use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes,
    axum::{
        body::{Body, BodyDataStream},
        extract::State,
        http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
        response::{IntoResponse, Response},
    },
};
use futures::StreamExt;

use crate::{Image, ImageError, ImageId, app::image_data, file_store::ByteRange, wire};

const SIZE_HEADER: &str = "x-openstack-image-size";
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// Of a refused upload so much is still read, so that a client that sends all before it listens learns why.
const DRAINED: usize = 16 << 20;
/// But only for so long.
const DRAIN_TIME: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Routes<Image> {
    Routes::new()
        .put("/v2/images/{id}/file", upload)
        .policy("upload_image")
        .no_schema("binary data")
        .get("/v2/images/{id}/file", download)
        .policy("download_image")
}

async fn upload(
    Cx(cx): Cx,
    State(image): State<Image>,
    Id(id): Id<ImageId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Reply, Fault> {
    let mut data = body.into_data_stream();
    let outcome = async {
        let record = image.find(&cx, id, "upload_image").await?.image;
        must_be_binary(&headers)?;
        image_data::upload(&image, &record, announced_size(&headers)?, &mut data).await?;
        Ok::<_, Fault>(())
    }
    .await;
    if let Err(fault) = outcome {
        // A client that waits for a 100 has sent nothing yet and need not.
        if !headers.contains_key(header::EXPECT) {
            let _ = image.db().clock().timeout(DRAIN_TIME, drain(&mut data)).await;
        }
        return Err(fault);
    }
    Ok(Reply::no_content())
}

fn must_be_binary(headers: &HeaderMap) -> Result<(), Fault> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/octet-stream") {
        return Ok(());
    }
    Err(Fault::unsupported_media_type(format!(
        "The media type {given:?} is not that of image data: it must be application/octet-stream."
    )))
}

/// The size in bytes that the client knows before: checked while the data comes.
fn announced_size(headers: &HeaderMap) -> Result<Option<u64>, ImageError> {
    let number = |name: &'static str, text: &str| {
        text.trim().parse().map_err(|_| ImageError::invalid(name, text, "it must be a number of bytes"))
    };
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text(SIZE_HEADER) {
        Some(size) => number("the header X-OpenStack-Image-Size", size).map(Some),
        None => text("content-length").map(|size| number("the header Content-Length", size)).transpose(),
    }
}

async fn drain(data: &mut BodyDataStream) {
    let mut read = 0;
    while let Some(Ok(chunk)) = data.next().await {
        read += chunk.len();
        if read > DRAINED {
            return;
        }
    }
}

async fn download(
    Cx(cx): Cx,
    State(image): State<Image>,
    Id(id): Id<ImageId>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let record = image.find(&cx, id, "download_image").await?.image;
    let Some(readable) = image_data::readable(&cx, record)? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let wanted = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let part = wire::range::parse(wanted, readable.size)?;
    let range = part.unwrap_or(ByteRange { start: 0, length: readable.size });
    let mut response = Response::new(Body::from_stream(readable.open(&image, range).await?));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(range.length));
    // Hexadecimal digits of all the data, whatever part is sent: clients of this API expect it so.
    if let Some(md5) = readable.md5.as_deref().and_then(|md5| HeaderValue::from_str(md5).ok()) {
        out.insert(CONTENT_MD5, md5);
    }
    if part.is_some() {
        let content_range = format!("bytes {}-{}/{}", range.start, range.start + range.length - 1, readable.size);
        if let Ok(value) = HeaderValue::from_str(&content_range) {
            out.insert(header::CONTENT_RANGE, value);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}
