//! Routes and handlers.

mod image;
mod image_data;
mod member;
mod schema;
mod tag;
mod version;

use ferrostack_http::{
    Routes,
    axum::http::{HeaderMap, Uri},
    public_base,
};

use crate::Image;

/// All of them.
pub(crate) fn routes() -> Routes<Image> {
    version::routes()
        .merge(schema::routes())
        .merge(image::routes())
        .merge(image_data::routes())
        .merge(tag::routes())
        .merge(member::routes())
}

/// The service's own address for links: the configured one, or where the client found us. `original` is the address as
/// it was asked for, `inner` what is left of it below the service's prefix.
fn base(image: &Image, headers: &HeaderMap, original: &Uri, inner: &Uri) -> String {
    match &image.options().public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            // Asked for as `/image`, the root of the service has the path `/` here, which is no end of that.
            let whole = if inner.path() == "/" { original.path() } else { "" };
            let prefix = original.path().strip_suffix(inner.path()).unwrap_or(whole);
            format!("{}{}", public_base(None, headers), prefix.trim_end_matches('/'))
        }
    }
}
