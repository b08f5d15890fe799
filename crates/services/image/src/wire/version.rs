//! The list of versions.

use serde::Serialize;

/// The newest version whose calls are all there. What the later ones would promise: 2.2 the catalog of metadata
/// definitions and tasks, 2.6 import, 2.8 several stores. Much of them works all the same (deactivation is of 2.3,
/// community images of 2.5, hidden images and secure hashes of 2.7), since versions of this API only announce: every
/// request is served alike. Newest first.
const VERSIONS: [&str; 2] = ["v2.1", "v2.0"];

/// The answer to `GET /` and `GET /versions`.
#[derive(Debug, Serialize)]
pub(crate) struct VersionsView {
    versions: Vec<Version>,
}

#[derive(Debug, Serialize)]
struct Version {
    id: &'static str,
    status: &'static str,
    links: [Link; 1],
}

#[derive(Debug, Serialize)]
struct Link {
    rel: &'static str,
    href: String,
}

impl VersionsView {
    /// With links below `base`, the service's address.
    pub(crate) fn new(base: &str) -> Self {
        let version = |(index, id)| Version {
            id,
            status: if index == 0 { "CURRENT" } else { "SUPPORTED" },
            links: [Link { rel: "self", href: format!("{base}/v2/") }],
        };
        Self { versions: VERSIONS.into_iter().enumerate().map(version).collect() }
    }
}
