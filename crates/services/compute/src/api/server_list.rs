//! Lists of servers.

use ferrostack_auth::Ctx;
use ferrostack_base::Timestamp;
use ferrostack_http::{Cx, Fault, Page, Params, Reply, Routes, axum::extract::State, parse_sort_keys};
use regex::Regex;
use serde_json::{Map, Value, json};

use super::server::surroundings;
use crate::{
    Compute,
    model::{Server, Status},
    store::server_list::{SORT_KEYS, ServerFilter, ServerPage},
    wire::{
        links::Links,
        server::{Detail, Short},
    },
};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/servers", list)
        .policy("os_compute_api:servers:index")
        .get("/servers/detail", detail)
        .policy("os_compute_api:servers:detail")
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, links: Links, params: Params) -> Result<Reply, Fault> {
    let (servers, limit) = find(&cx, &compute, &params, "os_compute_api:servers:index:get_all_tenants").await?;
    let shown: Vec<_> = servers.iter().map(|server| Short::new(server, &links)).collect();
    Ok(Reply::ok(&page(json!(shown), &servers, limit, "servers", &links, &params)))
}

async fn detail(Cx(cx): Cx, State(compute): State<Compute>, links: Links, params: Params) -> Result<Reply, Fault> {
    let (servers, limit) = find(&cx, &compute, &params, "os_compute_api:servers:detail:get_all_tenants").await?;
    let around = surroundings(&compute, &cx, &servers).await?;
    let shown: Vec<_> = servers.iter().map(|server| Detail::new(server, &around, &links)).collect();
    Ok(Reply::ok(&page(json!(shown), &servers, limit, "servers/detail", &links, &params)))
}

fn page(shown: Value, servers: &[Server], limit: usize, path: &str, links: &Links, params: &Params) -> Value {
    let mut body = Map::new();
    body.insert("servers".to_owned(), shown);
    let last = servers.last().map(|server| server.id.to_string());
    if let Some(next) = links.next(path, params, limit, servers.len(), last.as_deref()) {
        body.insert("servers_links".to_owned(), json!(next));
    }
    body.into()
}

async fn find(
    cx: &Ctx,
    compute: &Compute,
    params: &Params,
    all_projects: &'static str,
) -> Result<(Vec<Server>, usize), Fault> {
    // Named without a value it means yes.
    let all = params.get("all_tenants") == Some("") || params.flag("all_tenants")?.unwrap_or(false);
    let own = [("project_id", cx.project_id())];
    if all {
        cx.allow(all_projects, &own)?;
    }
    let all_filters = cx.allow("os_compute_api:servers:allow_all_filters", &own).is_ok();
    let wanted = Page::from_params(params, compute.options().list_limit)?;
    let limit = wanted.limit.unwrap_or(compute.options().list_limit);
    let marker = wanted.marker.map(|marker| {
        marker.parse().map_err(|_| Fault::bad_request(format!("Invalid marker: {marker} could not be found.")))
    });
    let page = ServerPage { sorting: parse_sort_keys(params, SORT_KEYS)?, marker: marker.transpose()?, limit };
    let filter = filter(params, all, all_filters)?;
    Ok((compute.list_servers(cx, all, filter, &page).await?, limit))
}

/// Who is no administrator filters by what everybody knows of their servers; other filters are passed over.
fn filter(params: &Params, all_projects: bool, all_filters: bool) -> Result<ServerFilter, Fault> {
    let text = |key: &str| params.get(key).map(str::to_owned);
    let regex = |key: &str| {
        let compile = |pattern: &str| {
            Regex::new(pattern).map_err(|_| {
                Fault::bad_request(format!(
                    "Invalid input for query parameter {key}: {pattern:?} is no regular expression."
                ))
            })
        };
        params.get(key).filter(|pattern| !pattern.is_empty()).map(compile).transpose()
    };
    let invalid =
        |key: &str, value: &str| Fault::bad_request(format!("Invalid input for query parameter {key}: {value:?}."));
    let mut filter = ServerFilter {
        deleted: Some(false),
        flavor_id: text("flavor"),
        reservation_id: text("reservation_id"),
        name: regex("name")?,
        ip: regex("ip")?,
        ..ServerFilter::default()
    };
    // What is no image's id is the image of no server.
    filter.image_id = params.get("image").map(|id| uuid::Uuid::try_parse(id).unwrap_or_default());
    let statuses = params.all("status");
    if !statuses.is_empty() {
        let known: Vec<Status> = statuses.iter().filter_map(|text| status(text)).collect();
        if known.contains(&Status::Deleted) {
            if !all_filters {
                return Err(Fault::forbidden("Only administrators may list deleted servers."));
            }
            filter.deleted = Some(true);
        }
        filter.statuses = Some(known);
    }
    if let Some(since) = params.get("changes-since") {
        filter.changed_since = Some(Timestamp::parse(since).ok_or_else(|| invalid("changes-since", since))?);
        // Who looks for changes wants to know what was deleted.
        filter.deleted = None;
    }
    if !all_filters {
        return Ok(filter);
    }
    if let Some(deleted) = params.flag("deleted")? {
        filter.deleted = Some(deleted);
    }
    if all_projects {
        filter.project_id = text("project_id").or_else(|| text("tenant_id"));
    }
    filter.user_id = text("user_id");
    filter.host = text("host").or_else(|| text("node"));
    filter.vm_state = text("vm_state");
    filter.task_state = text("task_state");
    filter.zone = text("availability_zone");
    filter.key_name = text("key_name");
    filter.id = params.get("uuid").map(|id| id.parse().map_err(|_| invalid("uuid", id))).transpose()?;
    Ok(filter)
}

fn status(text: &str) -> Option<Status> {
    let all = [
        Status::Build,
        Status::Active,
        Status::Shutoff,
        Status::Paused,
        Status::Reboot,
        Status::HardReboot,
        Status::Error,
        Status::Deleted,
    ];
    all.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, admin: bool) -> ServerFilter {
        filter(&Params::parse(query), false, admin).unwrap()
    }

    #[test]
    fn only_administrators_see_more_than_their_servers() {
        assert_eq!(read("host=a&deleted=true", false).host, None);
        assert_eq!(read("host=a&deleted=true", false).deleted, Some(false));
        assert_eq!(read("host=a&deleted=true", true).deleted, Some(true));
        assert_eq!(read("project_id=x", true).project_id, None, "without all_tenants");
        assert!(filter(&Params::parse("status=deleted"), false, false).is_err());
    }

    #[test]
    fn an_unknown_status_matches_nothing() {
        assert_eq!(read("status=active", false).statuses, Some(vec![Status::Active]));
        assert_eq!(read("status=flying", false).statuses, Some(vec![]));
        assert_eq!(read("changes-since=2026-01-01T00:00:00Z", false).deleted, None);
    }

    #[test]
    fn broken_filters_are_refused() {
        for query in ["name=%28", "changes-since=yesterday"] {
            assert!(filter(&Params::parse(query), false, false).is_err(), "{query}");
        }
    }
}
