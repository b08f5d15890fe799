//! Answers of lists with the links of their pages.

use ferrostack_http::{
    Params, Reply,
    axum::{extract::FromRequestParts, http::request::Parts},
    public_base,
};

use crate::{
    Network,
    query::{Fields, Found},
    wire::{Collection, Link, Render, Single},
};

/// Where the client found us.
pub(super) struct Base(String);

impl FromRequestParts<Network> for Base {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, net: &Network) -> Result<Self, Self::Rejection> {
        let options = net.options();
        Ok(Self(format!("{}{}", public_base(options.public_url.as_deref(), &parts.headers), options.prefix)))
    }
}

impl Base {
    /// The address of a path below the service's prefix.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// One resource.
pub(super) fn single<T: Render>(item: &T, params: &Params, shown: &T::Shown) -> Reply {
    Reply::ok(&Single { item, fields: &Fields::from_params(params), shown })
}

/// What a creation made, as one or as a list.
pub(super) fn created<T: Render>(items: &[T], bulk: bool, shown: &T::Shown) -> Reply {
    match items {
        [item] if !bulk => Reply::created(&Single { item, fields: &Fields::ALL, shown }),
        _ => Reply::created(&Collection { items, fields: &Fields::ALL, shown, links: Vec::new() }),
    }
}

/// A changed resource.
pub(super) fn updated<T: Render>(item: &T, shown: &T::Shown) -> Reply {
    Reply::ok(&Single { item, fields: &Fields::ALL, shown })
}

/// A page of a list; `ids` are those of its first and last element.
pub(super) fn page<T: Render>(
    items: &[T],
    of: &Found<impl Sized>,
    ids: Option<(String, String)>,
    (base, path, params): (&Base, &str, &Params),
    shown: &T::Shown,
) -> Reply {
    let mut links = Vec::new();
    if let (Some(_), Some((first, last))) = (of.page.limit, ids) {
        let kept = Params::parse(&params.with("marker", ""));
        let link = |rel: &'static str, marker: &str, reverse: bool| {
            let query = Params::parse(&kept.with("marker", marker))
                .with("page_reverse", if reverse { "True" } else { "False" });
            Link { rel, href: base.url(&format!("/v2.0/{path}?{query}")) }
        };
        // Backwards, what is "more" lies before the page; and who came with a marker came from somewhere.
        let (before, after) =
            if of.page.reverse { (of.more, of.page.marker.is_some()) } else { (of.page.marker.is_some(), of.more) };
        if after {
            links.push(link("next", &last, false));
        }
        if before {
            links.push(link("previous", &first, true));
        }
    }
    Reply::ok(&Collection { items, fields: &Fields::from_params(params), shown, links })
}

/// Ids of the first and the last element.
pub(super) fn ends<T>(items: &[T], id: impl Fn(&T) -> String) -> Option<(String, String)> {
    Some((id(items.first()?), id(items.last()?)))
}
