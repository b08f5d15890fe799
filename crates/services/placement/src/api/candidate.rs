//! `/allocation_candidates`.

use ferrostack_http::{
    Fault, Params, Routes,
    axum::{
        extract::State,
        http::header,
        response::{IntoResponse, Response},
    },
};

use super::request::{Ask, http_date};
use crate::{
    Placement,
    app::candidate::{Found, Plan, search},
    wire::{LAST, candidate as wire, v},
};

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .get("/allocation_candidates", list)
        .policy("placement:allocation_candidates:list")
        .versions(v(10), LAST)
}

async fn list(cx: Ask, params: Params, State(placement): State<Placement>) -> Result<Response, Fault> {
    let version = cx.microversion();
    let request = wire::request(&params, version)?;
    let index = placement.index().await?;
    let options = placement.options();
    let limit = request.limit.unwrap_or(usize::MAX).min(options.max_candidates);
    let start = if options.randomize_candidates { rand::random::<u32>() as usize } else { 0 };
    let plan = Plan::of(&index, &request)?;
    let found = plan.as_ref().map_or_else(Found::default, |plan| search(&index, plan, limit, start));
    let suffixes: Vec<&str> = request.groups.iter().map(|group| group.suffix.as_str()).collect();
    let classes = plan.as_ref().map_or(&[][..], |plan| &plan.classes);
    let json = wire::render(&index, &found, &suffixes, classes, version);
    let mut response = ([(header::CONTENT_TYPE, "application/json")], json).into_response();
    if version >= v(15)
        && let Ok(date) = http_date(placement.now()).parse()
    {
        response.headers_mut().insert(header::LAST_MODIFIED, date);
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    }
    Ok(response)
}
