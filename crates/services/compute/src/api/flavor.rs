//! Flavors.

use ferrostack_auth::Ctx;
use ferrostack_http::{
    Cx, Fault, Page, Params, Reply, Routes, Valid,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};
use serde::Serialize;
use serde_json::{Map, json};

use crate::{
    Compute,
    model::Flavor,
    store::{
        self,
        flavor::{FlavorFilter, Seen},
    },
    wire::{
        flavor::{CREATE, Create, Detail, Short},
        links::Links,
    },
};

/// The API's names of what flavors can be sorted by.
const SORT_KEYS: &[(&str, &str)] = &[
    ("flavorid", "id"),
    ("id", "id"),
    ("name", "name"),
    ("memory_mb", "memory_mb"),
    ("root_gb", "disk_gb"),
    ("vcpus", "vcpus"),
    ("ephemeral_gb", "ephemeral_gb"),
    ("swap", "swap_mb"),
    ("rxtx_factor", "rxtx_factor"),
    ("is_public", "is_public"),
    ("created_at", "created_us"),
];

pub(super) fn routes() -> Routes<Compute> {
    // Everybody may look at flavors; of those that are not public, only at the own project's.
    Routes::new()
        .get("/flavors", list)
        .get("/flavors/detail", detail)
        .get("/flavors/{id}", show)
        .post("/flavors", create)
        .schema(&CREATE)
        .policy("os_compute_api:os-flavor-manage:create")
        .delete("/flavors/{id}", delete)
        .policy("os_compute_api:os-flavor-manage:delete")
}

async fn list(Cx(cx): Cx, State(compute): State<Compute>, links: Links, params: Params) -> Result<Reply, Fault> {
    answer(&cx, &compute, &links, &params, "flavors", |flavor| json!(Short::new(flavor, &links))).await
}

async fn detail(Cx(cx): Cx, State(compute): State<Compute>, links: Links, params: Params) -> Result<Reply, Fault> {
    answer(&cx, &compute, &links, &params, "flavors/detail", |flavor| json!(Detail::new(flavor, &links))).await
}

async fn answer<T: Serialize>(
    cx: &Ctx,
    compute: &Compute,
    links: &Links,
    params: &Params,
    path: &str,
    view: impl Fn(&Flavor) -> T,
) -> Result<Reply, Fault> {
    let page = Page::from_params(params, compute.options().list_limit)?;
    let limit = page.limit.unwrap_or(compute.options().list_limit);
    let flavors = find(cx, compute, params, &page, limit).await?;
    let mut body = Map::new();
    body.insert("flavors".to_owned(), json!(flavors.iter().map(view).collect::<Vec<_>>()));
    let last = flavors.last().map(|flavor| flavor.id.as_str());
    if let Some(next) = links.next(path, params, limit, flavors.len(), last) {
        body.insert("flavors_links".to_owned(), json!(next));
    }
    Ok(Reply::ok(&body))
}

async fn find(cx: &Ctx, compute: &Compute, params: &Params, page: &Page, limit: usize) -> Result<Vec<Flavor>, Fault> {
    let number = |key: &str| {
        let invalid = |text: &str| {
            Fault::bad_request(format!(
                "Invalid input for query parameter {key}: {text:?} is not a number of 0 or more."
            ))
        };
        params.get(key).map(|text| text.parse::<u32>().map(i64::from).map_err(|_| invalid(text))).transpose()
    };
    let sorting = ferrostack_http::parse_sort_keys(params, SORT_KEYS)?;
    let after = match &page.marker {
        Some(marker) => match compute.visible_flavor(cx, marker).await? {
            Some(flavor) => Some(flavor.id),
            None => return Err(Fault::bad_request(format!("Invalid marker: flavor {marker} could not be found."))),
        },
        None => None,
    };
    let seen = match params.get("is_public").map(str::to_ascii_lowercase).as_deref() {
        _ if !cx.is_admin() => Seen::By(cx.project_id()),
        None => Seen::By(cx.project_id()),
        Some("none") => Seen::All,
        Some(_) if params.flag("is_public")? == Some(false) => Seen::Private,
        Some(_) => Seen::Public,
    };
    let filter = FlavorFilter {
        seen,
        min_disk_gb: number("minDisk")?,
        min_memory_mb: number("minRam")?,
        sort: sorting.first().map_or(("id", false), |key| (key.column, key.descending)),
        after: after.as_deref(),
        limit,
    };
    Ok(store::flavor::list(compute.db(), &filter).await?)
}

async fn show(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    links: Links,
    Path(id): Path<String>,
) -> Result<Reply, Fault> {
    let flavor = compute.find_flavor(&cx, &id).await?;
    Ok(Reply::ok(&json!({"flavor": Detail::new(&flavor, &links)})))
}

async fn create(State(compute): State<Compute>, links: Links, Valid(body): Valid<Create>) -> Result<Reply, Fault> {
    let flavor = compute.create_flavor(&body.into()).await?;
    Ok(Reply::ok(&json!({"flavor": Detail::new(&flavor, &links)})))
}

async fn delete(State(compute): State<Compute>, Path(id): Path<String>) -> Result<Reply, Fault> {
    compute.delete_flavor(&id).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}
