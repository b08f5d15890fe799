//! Links, which point where the client found us.

use ferrostack_http::{
    Params,
    axum::{extract::FromRequestParts, http::request::Parts},
    public_base,
};
use serde::Serialize;

use crate::Compute;

/// Where links begin.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    /// `http://host:port/compute/v2.1`
    versioned: String,
    /// `http://host:port/compute`
    unversioned: String,
    /// `http://host:port`
    base: String,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub rel: &'static str,
    pub href: String,
}

impl FromRequestParts<Compute> for Links {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, compute: &Compute) -> Result<Self, Self::Rejection> {
        let options = compute.options();
        let base = public_base(options.public_url.as_deref(), &parts.headers);
        Ok(Self::new(&base, &options.prefix))
    }
}

impl Links {
    pub(crate) fn new(base: &str, prefix: &str) -> Self {
        let root = prefix.rsplit_once('/').map_or("", |(root, _)| root);
        Self { versioned: format!("{base}{prefix}"), unversioned: format!("{base}{root}"), base: base.to_owned() }
    }

    /// `http://host:port`
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// `http://host:port/compute/v2.1`
    pub(crate) fn versioned(&self) -> &str {
        &self.versioned
    }

    /// `http://host:port/compute`
    pub(crate) fn unversioned(&self) -> &str {
        &self.unversioned
    }

    /// To the resource at this version and, for keeping, at any.
    pub(crate) fn to(&self, path: &str, id: &str) -> [Link; 2] {
        [
            Link { rel: "self", href: format!("{}/{path}/{id}", self.versioned) },
            Link { rel: "bookmark", href: format!("{}/{path}/{id}", self.unversioned) },
        ]
    }

    /// For keeping only.
    pub(crate) fn bookmark(&self, path: &str, id: &str) -> [Link; 1] {
        [Link { rel: "bookmark", href: format!("{}/{path}/{id}", self.unversioned) }]
    }

    /// To the next page, if the page is full.
    pub(crate) fn next(
        &self,
        path: &str,
        params: &Params,
        limit: usize,
        amount: usize,
        last: Option<&str>,
    ) -> Option<[Link; 1]> {
        let last = last.filter(|_| amount > 0 && amount == limit)?;
        let query = Params::parse(&params.with("limit", &limit.to_string())).with("marker", last);
        Some([Link { rel: "next", href: format!("{}/{path}?{query}", self.versioned) }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_version_and_page() {
        let links = Links::new("http://cloud", "/compute/v2.1");
        let [own, bookmark] = links.to("servers", "7");
        assert_eq!(own.href, "http://cloud/compute/v2.1/servers/7");
        assert_eq!(bookmark.href, "http://cloud/compute/servers/7");
        let params = Params::parse("name=a&limit=2&marker=1");
        let next = links.next("servers/detail", &params, 2, 2, Some("3")).unwrap();
        assert_eq!(next[0].href, "http://cloud/compute/v2.1/servers/detail?name=a&limit=2&marker=3");
        assert_eq!(links.next("servers", &params, 2, 1, Some("3")), None);
    }
}
