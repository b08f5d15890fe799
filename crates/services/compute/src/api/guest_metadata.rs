//! The metadata service: for the proxies of the nodes, which speak for their guests.

use std::net::IpAddr;

use ferrostack_http::{
    Fault, Raw, Routes,
    axum::{
        extract::{OriginalUri, Path, State},
        http::{HeaderMap, HeaderValue, StatusCode, header},
        response::{IntoResponse, Response},
    },
};

use crate::{
    Compute,
    app::guest_metadata::Asker,
    wire::guest_metadata::{Found, has_password},
};

/// The routes at `/metadata`, outside of any version of the API: the proxy of a node appends the path that its guest asked
/// for. Who asks is in the headers `X-Forwarded-For` and `X-OVN-Network-ID`, and `X-Instance-Signature` proves it: the
/// HMAC-SHA256, in hex, of network, line feed and address with the secret that nodes and controllers share.
pub fn metadata_routes() -> Routes<Compute> {
    // No token: the signature is what is checked.
    Routes::new()
        .get("/", read)
        .public()
        .get("/{*path}", read)
        .public()
        .get("/openstack/{version}/password", password)
        .public()
        .post("/openstack/{version}/password", set_password)
        .no_schema("the password as it is, no JSON")
        .public()
}

fn check(version: &str) -> Result<(), Fault> {
    match has_password(version) {
        true => Ok(()),
        false => Err(Fault::not_found("Metadata", format!("/openstack/{version}/password"))),
    }
}

async fn password(
    State(compute): State<Compute>,
    Path(version): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    check(&version)?;
    let password = compute.guest_password(&asker(&headers)?).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], password).into_response())
}

async fn set_password(
    State(compute): State<Compute>,
    Path(version): Path<String>,
    headers: HeaderMap,
    Raw(password): Raw,
) -> Result<Response, Fault> {
    check(&version)?;
    compute.set_guest_password(&asker(&headers)?, &password).await?;
    Ok(StatusCode::OK.into_response())
}

async fn read(
    State(compute): State<Compute>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let asker = asker(&headers)?;
    let prefix = compute.options().metadata_prefix.as_str();
    let path = uri.path().strip_prefix(prefix).unwrap_or(uri.path());
    let (bytes, kind) = match compute.guest_metadata(&asker, path).await? {
        Found::File(bytes) if path.ends_with(".json") => (bytes, "application/json"),
        // Whatever a user wrote.
        Found::File(bytes) if path.ends_with("user_data") || path.ends_with("user-data") => {
            (bytes, "application/octet-stream")
        }
        Found::File(bytes) => (bytes, "text/plain; charset=utf-8"),
        Found::Listing(text) => (text.into_bytes(), "text/plain; charset=utf-8"),
    };
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn asker(headers: &HeaderMap) -> Result<Asker, Fault> {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| Fault::bad_request(format!("The header {name} is missing.")))
    };
    let invalid = |name: &str| Fault::bad_request(format!("The header {name} is not valid."));
    let (network, address) = (text("X-OVN-Network-ID")?, text("X-Forwarded-For")?);
    Ok(Asker {
        network: network.parse().map_err(|_| invalid("X-OVN-Network-ID"))?,
        address: address.trim().parse::<IpAddr>().map_err(|_| invalid("X-Forwarded-For"))?,
        signature: text("X-Instance-Signature")?.to_owned(),
    })
}
