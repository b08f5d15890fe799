//! Links, and what all answers are wrapped in.

use std::convert::Infallible;

use ferrostack_http::{
    Page, Params,
    axum::{extract::FromRequestParts, http::request::Parts},
    public_base,
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    Identity,
    store::{Listing, Window},
};

/// Where the service is, as links name it.
const PREFIX: &str = "/identity";

/// Makes links that point where the client found us.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    /// `http://host:port/identity`
    root: String,
    params: Params,
}

impl FromRequestParts<Identity> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Infallible> {
        let root = format!("{}{PREFIX}", public_base(identity.options().public_url.as_deref(), &parts.headers));
        Ok(Self { root, params: Params::parse(parts.uri.query().unwrap_or_default()) })
    }
}

/// `{"self": ...}`
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SelfLink {
    #[serde(rename = "self")]
    href: String,
}

impl Links {
    /// `http://host:port/identity/v3/`
    pub(crate) fn v3(&self) -> String {
        format!("{}/v3/", self.root)
    }

    /// The address of a path below the version, such as `users/abc`.
    pub(crate) fn href(&self, path: &str) -> String {
        format!("{}/v3/{path}", self.root)
    }

    /// The link of a thing to itself.
    pub(crate) fn of(&self, path: &str) -> SelfLink {
        SelfLink { href: self.href(path) }
    }

    /// A list that is complete.
    pub(crate) fn all<T>(&self, name: &'static str, path: &str, items: Vec<T>) -> Collection<T> {
        Collection { name, items, itself: self.href(path), next: None, truncated: false }
    }

    /// A part of a list; `id` tells the ids that markers are.
    pub(crate) fn part<T>(
        &self,
        name: &'static str,
        path: &str,
        listing: &Listing<T>,
        id: impl Fn(&T) -> &str,
    ) -> Collection<()> {
        let last = listing.items.last().filter(|_| listing.more).map(id);
        let next = last.map(|marker| format!("{}?{}", self.href(path), self.params.with("marker", marker)));
        Collection { name, items: Vec::new(), itself: self.href(path), next, truncated: listing.more }
    }
}

/// `{"users": [...], "links": {"next": null, "self": ..., "previous": null}}`
#[derive(Debug)]
pub(crate) struct Collection<T> {
    name: &'static str,
    items: Vec<T>,
    itself: String,
    next: Option<String>,
    truncated: bool,
}

impl Collection<()> {
    /// The same with what it holds.
    pub(crate) fn with<T>(self, items: Vec<T>) -> Collection<T> {
        Collection { name: self.name, items, itself: self.itself, next: self.next, truncated: self.truncated }
    }
}

impl<T: Serialize> Serialize for Collection<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct ListLinks<'a> {
            next: Option<&'a str>,
            #[serde(rename = "self")]
            itself: &'a str,
            previous: Option<&'a str>,
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.name, &self.items)?;
        map.serialize_entry("links", &ListLinks { next: self.next.as_deref(), itself: &self.itself, previous: None })?;
        if self.truncated {
            map.serialize_entry("truncated", &true)?;
        }
        map.end()
    }
}

/// `{"user": {...}}`
#[derive(Debug)]
pub(crate) struct One<T>(pub(crate) &'static str, pub(crate) T);

impl<T: Serialize> Serialize for One<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &self.1)?;
        map.end()
    }
}

impl From<Page> for Window {
    fn from(page: Page) -> Self {
        // Keystone takes 0 as "no limit".
        Self { limit: page.limit.filter(|limit| *limit > 0), marker: page.marker }
    }
}
