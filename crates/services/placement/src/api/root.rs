//! `/`: which versions there are.

use ferrostack_http::{Cx, Reply, Routes, axum::extract::State};

use super::request::dated;
use crate::{Placement, wire};

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new().get("/", show).public()
}

async fn show(cx: Cx, State(placement): State<Placement>) -> Reply {
    dated(Reply::ok(&wire::root::document()), cx.microversion(), placement.now())
}
