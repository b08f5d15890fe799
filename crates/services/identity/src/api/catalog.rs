//! The caller's own catalog.

use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::{extract::State, http::HeaderMap},
};
use serde_json::{json, value::RawValue};

use crate::{Identity, IdentityError, app::token, wire::Links};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new().get("/v3/auth/catalog", show).policy("identity:get_auth_catalog")
}

async fn show(Cx(_): Cx, State(identity): State<Identity>, links: Links, headers: HeaderMap) -> Result<Reply, Fault> {
    let text = headers.get("x-auth-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let validated =
        token::validate(&identity, text, std::time::Duration::ZERO).await.map_err(|_| IdentityError::Unauthorized)?;
    let Some(catalog) = validated.catalog() else {
        return Err(Fault::forbidden(
            "The token has no scope: there is a catalog for a project, a domain or the system only.",
        ));
    };
    let catalog: &RawValue = serde_json::from_slice(catalog).map_err(Fault::internal)?;
    Ok(Reply::ok(&json!({"catalog": catalog, "links": links.of("auth/catalog")})))
}
