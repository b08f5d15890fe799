//! Tokens: logging in, looking into a token, revoking it.

use std::{sync::Arc, time::Duration};

use ferrostack_auth::Ctx;
use ferrostack_http::{
    Cx, Fault, Params, Reply, Routes, Valid,
    axum::{
        body::Body,
        extract::State,
        http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
        response::Response,
    },
};

use crate::{
    Identity, IdentityError,
    api::query::flag,
    app::{
        authentication,
        token::{self, Validated},
    },
    wire::token::{CREATE, Create},
};

const SUBJECT: HeaderName = HeaderName::from_static("x-subject-token");

pub(super) fn routes() -> Routes<Identity> {
    let path = "/v3/auth/tokens";
    Routes::new()
        .post(path, create)
        .public()
        .schema(&CREATE)
        .get(path, show)
        .policy("identity:validate_token")
        .head(path, check)
        .policy("identity:check_token")
        .delete(path, delete)
        .policy("identity:revoke_token")
}

async fn create(
    State(identity): State<Identity>,
    params: Params,
    Valid(body): Valid<Create>,
) -> Result<Response, Fault> {
    let (text, validated) = authentication::authenticate(&identity, body.auth).await?;
    let subject = HeaderValue::from_str(&text).map_err(Fault::internal)?;
    Ok(answer(StatusCode::CREATED, subject, validated.body(wants_catalog(&params))))
}

async fn show(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Fault> {
    let (subject, validated) = subject(&identity, &headers, &params).await?;
    allow(&cx, "identity:validate_token", &validated)?;
    Ok(answer(StatusCode::OK, subject, validated.body(wants_catalog(&params))))
}

async fn check(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Fault> {
    let (subject, validated) = subject(&identity, &headers, &params).await?;
    allow(&cx, "identity:check_token", &validated)?;
    Ok(answer(StatusCode::OK, subject, Vec::new()))
}

async fn delete(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    headers: HeaderMap,
    params: Params,
) -> Result<Reply, Fault> {
    let (_, validated) = subject(&identity, &headers, &params).await?;
    allow(&cx, "identity:revoke_token", &validated)?;
    token::revoke(&identity, &validated).await?;
    Ok(Reply::no_content())
}

/// The token that is asked about.
async fn subject(
    identity: &Identity,
    headers: &HeaderMap,
    params: &Params,
) -> Result<(HeaderValue, Arc<Validated>), IdentityError> {
    let value = headers.get(SUBJECT).ok_or(IdentityError::InvalidToken)?;
    let text = value.to_str().map_err(|_| IdentityError::InvalidToken)?;
    let expired_too = flag(params, "allow_expired").unwrap_or(false);
    let window = if expired_too { identity.options().allow_expired_window } else { Duration::ZERO };
    Ok((value.clone(), token::validate(identity, text, window).await?))
}

fn allow(cx: &Ctx, action: &str, validated: &Validated) -> Result<(), Fault> {
    Ok(cx.allow(action, &[("target.token.user_id", validated.who.user_id.as_str())])?)
}

fn wants_catalog(params: &Params) -> bool {
    !params.has("nocatalog")
}

fn answer(status: StatusCode, subject: HeaderValue, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(SUBJECT, subject);
    headers.insert(header::VARY, HeaderValue::from_static("X-Auth-Token"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
