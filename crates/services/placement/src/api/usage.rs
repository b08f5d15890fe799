//! `/resource_providers/{uuid}/usages` and `/usages`.

use ferrostack_http::{
    Fault, Params, Reply, Routes,
    axum::extract::{Path, State},
};

use super::request::{Ask, dated};
use crate::{
    Placement, app,
    wire::{LAST, Object, usage as wire, v},
};

const TOTAL: &str = "placement:usages";

pub(crate) fn routes() -> Routes<Placement> {
    Routes::new()
        .get("/resource_providers/{uuid}/usages", of_provider)
        .policy("placement:resource_providers:usages")
        .get("/usages", of_project)
        .policy(TOTAL)
        .versions(v(9), LAST)
}

async fn of_provider(cx: Ask, Path(uuid): Path<String>, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let index = placement.index().await?;
    let provider = app::provider::find_in(&index, &uuid)?;
    let usages = Object(provider.stocks.iter().map(|stock| (index.names().classes.name(stock.class), stock.used)));
    let view = wire::View { resource_provider_generation: Some(provider.generation), usages };
    Ok(dated(Reply::ok(&view), cx.microversion(), placement.now()))
}

async fn of_project(cx: Ask, params: Params, State(placement): State<Placement>) -> Result<Reply, Fault> {
    let version = cx.microversion();
    let query = wire::Query::from_params(&params, version)?;
    cx.allow(TOTAL, &[("project_id", query.project_id.as_str())])?;
    let user_id = query.user_id.as_deref();
    let reply = if version >= v(38) {
        let usages =
            app::usage::by_type(&placement, &query.project_id, user_id, query.consumer_type.as_deref()).await?;
        Reply::ok(&wire::View { resource_provider_generation: None, usages: wire::ByType(usages) })
    } else {
        let usages = app::usage::total(&placement, &query.project_id, user_id).await?;
        Reply::ok(&wire::View { resource_provider_generation: None, usages })
    };
    Ok(dated(reply, version, placement.now()))
}
