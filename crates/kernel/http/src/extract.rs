//! What handlers take from a request.

use std::{ops::Deref, str::FromStr, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::request::Parts,
};
use bytes::Bytes;
use ferrostack_auth::Ctx;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use crate::{Fault, FaultKind, RouteInfo};

/// Bodies above this size are refused before they are read: no JSON request of any API comes near it.
const MAX_BODY: usize = 4 << 20;

/// The request's context.
#[derive(Debug, Clone)]
pub struct Cx(pub Ctx);

impl Deref for Cx {
    type Target = Ctx;
    fn deref(&self) -> &Ctx {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Cx {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let cx = parts.extensions.get::<Ctx>().cloned();
        cx.map(Self).ok_or_else(|| Fault::internal("the route is not mounted by Service::mount"))
    }
}

/// The id in the path. A text that can't be such an id is answered with 404, as any id that does not exist.
#[derive(Debug, Clone)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let Path(all) = Path::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|error| Fault::bad_request(error.to_string()))?;
        let text = all.into_iter().next_back().map(|(_, text)| text).unwrap_or_default();
        text.parse().map(Self).map_err(|_| Fault::not_found("Resource", text))
    }
}

/// The body as JSON that fits the route's schema at the request's microversion, read as `T`.
#[derive(Debug, Clone)]
pub struct Valid<T>(pub T);

impl<T> Deref for Valid<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Valid<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        let info = parts.extensions.get::<Arc<RouteInfo>>().cloned();
        let cx = parts.extensions.get::<Ctx>().cloned();
        let (Some(info), Some(cx)) = (info, cx) else {
            return Err(Fault::internal("the route is not mounted by Service::mount"));
        };
        let bytes = read(body).await?;
        let value: serde_json::Value = serde_json::from_slice(&bytes)
            .map_err(|error| Fault::bad_request(format!("The request body is not valid JSON: {error}.")))?;
        if let Some(schema) = info.schema(cx.microversion()) {
            schema.validate(&value)?;
        }
        // The schema has said yes, so what fails here is a number out of range or a shape that the schema leaves open.
        serde_json::from_value(value)
            .map(Self)
            .map_err(|error| Fault::bad_request(format!("Invalid input in the request body: {error}.")))
    }
}

/// The body as it is, bounded; for actions whose shape depends on their key.
#[derive(Debug, Clone)]
pub struct Raw(pub Bytes);

impl<S: Sync> FromRequest<S> for Raw {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        read(request.into_body()).await.map(Self)
    }
}

async fn read(body: Body) -> Result<Bytes, Fault> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Fault::of(FaultKind::TooLarge, format!("The request body is larger than {MAX_BODY} bytes.")))
        }
        Err(error) => Err(Fault::bad_request("The request body could not be read.").caused_by(error)),
    }
}
