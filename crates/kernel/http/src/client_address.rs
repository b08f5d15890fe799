//! Links in answers point where the client found us.

use axum::http::{HeaderMap, header};

/// `http://host:port` for links: the configured address when there is one, else what the client asked for.
pub fn public_base(configured: Option<&str>, headers: &HeaderMap) -> String {
    if let Some(url) = configured {
        return url.trim_end_matches('/').to_owned();
    }
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(|text| text.split(',').next().unwrap_or_default().trim())
    };
    let host = text("x-forwarded-host").or_else(|| text(header::HOST.as_str())).unwrap_or("localhost");
    format!("{}://{host}", text("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http"))
}
