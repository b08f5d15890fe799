//! Which versions there are.

use ferrostack_http::{
    Reply, Routes,
    axum::{
        extract::{OriginalUri, State},
        http::{HeaderMap, StatusCode, Uri},
    },
};

use super::base;
use crate::{Image, wire::version::VersionsView};

pub(super) fn routes() -> Routes<Image> {
    Routes::new().get("/", choices).public().get("/versions", list).public()
}

/// The list of versions, as a choice that the client has yet to make.
async fn choices(
    State(image): State<Image>,
    OriginalUri(original): OriginalUri,
    inner: Uri,
    headers: HeaderMap,
) -> Reply {
    Reply::json(StatusCode::MULTIPLE_CHOICES, &VersionsView::new(&base(&image, &headers, &original, &inner)))
}

/// The same, asked for by its name.
async fn list(State(image): State<Image>, OriginalUri(original): OriginalUri, inner: Uri, headers: HeaderMap) -> Reply {
    Reply::ok(&VersionsView::new(&base(&image, &headers, &original, &inner)))
}
