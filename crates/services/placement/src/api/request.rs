//! What all handlers of this API take and answer: media types, the prefix for links, times of change.

use std::{ops::Deref, sync::Arc};

use ferrostack_auth::{Ctx, Microversion};
use ferrostack_base::Timestamp;
use ferrostack_http::{
    Cx, Fault, Raw, Reply, RouteInfo, Schema, Violation, accepts,
    axum::{
        extract::{FromRequest, FromRequestParts, OriginalUri, Request},
        http::{HeaderMap, header, request::Parts},
    },
    public_base,
};
use serde::de::DeserializeOwned;

use crate::wire::v;

/// The context of a request that is answered with JSON: whoever accepts no JSON gets 406.
pub(crate) struct Ask(pub(crate) Cx);

impl Deref for Ask {
    type Target = Cx;
    fn deref(&self) -> &Cx {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Ask {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let cx = Cx::from_request_parts(parts, state).await?;
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        if accept.is_some_and(|accept| !accepts(accept, "application/json")) {
            return Err(Fault::not_acceptable("Only application/json is provided"));
        }
        Ok(Self(cx))
    }
}

/// A body that says that it is JSON, and fits the route's schema.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        check_content_type(request.headers())?;
        let info = request.extensions().get::<Arc<RouteInfo>>().cloned();
        let version = request.extensions().get::<Ctx>().map(Ctx::microversion);
        let schema = info.zip(version).and_then(|(info, version)| info.schema(version));
        let Raw(bytes) = Raw::from_request(request, state).await?;
        let malformed = |error: serde_json::Error| Fault::bad_request(format!("Malformed JSON: {error}"));
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(malformed)?;
        if let Some(schema) = schema {
            check(schema, &value)?;
        }
        // The schema has said yes, so what fails here is a number out of range or a shape that the schema leaves open.
        let refused = |error| Fault::bad_request(format!("JSON does not validate: {error}"));
        serde_json::from_value(value).map(Self).map_err(refused)
    }
}

/// Refuses what does not fit the schema; the refusal names the keyword and where in the schema it stands.
pub(crate) fn check(schema: &Schema, value: &serde_json::Value) -> Result<(), Fault> {
    let Some(Violation { field, reason, keyword, path }) = schema.violation(value)? else { return Ok(()) };
    let path: String = path.iter().map(|name| format!("['{name}']")).collect();
    let field = if field.is_empty() { String::new() } else { format!(", at {field}") };
    Err(Fault::bad_request(format!(
        "JSON does not validate: {reason}. Failed validating '{keyword}' in schema{path}{field}."
    )))
}

/// Refuses bodies that are not declared as JSON.
fn check_content_type(headers: &HeaderMap) -> Result<(), Fault> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let length: u64 = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()).unwrap_or(0);
    match text(header::CONTENT_TYPE).map(|value| value.split(';').next().unwrap_or_default().trim()) {
        None | Some("") if length > 0 => {
            Err(Fault::bad_request("content-type header required: the request has a body."))
        }
        Some(media) if media.eq_ignore_ascii_case("application/json") => Ok(()),
        other => {
            let media = other.filter(|media| !media.is_empty()).unwrap_or("None");
            Err(Fault::unsupported_media_type(format!("The media type {media} is not supported, use application/json")))
        }
    }
}

/// Where the service is mounted.
pub(crate) struct Base {
    /// The prefix of links: `/placement`, or nothing.
    pub(crate) path: String,
    /// `http://host` as the client named it.
    origin: String,
}

impl Base {
    /// Adds where a new thing is, given its path below the prefix.
    pub(crate) fn locate(&self, reply: Reply, path: &str) -> Reply {
        reply.header(header::LOCATION, &format!("{}{}{path}", self.origin, self.path))
    }
}

impl<S: Sync> FromRequestParts<S> for Base {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let whole = parts.extensions.get::<OriginalUri>().map_or(parts.uri.path(), |uri| uri.0.path());
        let path = whole.strip_suffix(parts.uri.path()).unwrap_or_default().to_owned();
        Ok(Self { path, origin: public_base(None, &parts.headers) })
    }
}

/// Adds when the answer's content changed last, from 1.15 on.
pub(crate) fn dated(reply: Reply, version: Microversion, modified: Timestamp) -> Reply {
    if version < v(15) {
        return reply;
    }
    reply.header(header::LAST_MODIFIED, &http_date(modified)).header(header::CACHE_CONTROL, "no-cache")
}

/// `Fri, 20 Nov 2026 19:03:50 GMT` (RFC 9110, 5.6.7).
pub(crate) fn http_date(time: Timestamp) -> String {
    let instant = jiff::Timestamp::from_second(time.secs()).unwrap_or(jiff::Timestamp::MAX);
    instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_in_http() {
        assert_eq!(http_date(Timestamp::from_secs(1_795_201_430)), "Fri, 20 Nov 2026 19:03:50 GMT");
    }
}
