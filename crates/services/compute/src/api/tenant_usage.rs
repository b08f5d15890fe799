//! What projects used: servers and their sizes, by time.

use std::{collections::BTreeMap, time::Duration};

use ferrostack_base::Timestamp;
use ferrostack_http::{
    Cx, Fault, Params, Reply, Routes,
    axum::extract::{Path, State},
};
use serde_json::{Value, json};

use crate::{
    Compute,
    model::Server,
    store::server_list::{ServerFilter, ServerPage, list as find},
};

/// Without a start, the last four weeks.
const DEFAULT_PERIOD: Duration = Duration::from_secs(28 * 24 * 3600);

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/os-simple-tenant-usage", list)
        .policy("os_compute_api:os-simple-tenant-usage:list")
        // Whose usage it is stands in the address, so the handler asks the policy with that project.
        .get("/os-simple-tenant-usage/{project}", show)
}

async fn list(State(compute): State<Compute>, params: Params) -> Result<Reply, Fault> {
    let period = Period::read(&params, compute.now())?;
    let detailed = params.get("detailed") == Some("1");
    let mut projects: BTreeMap<String, Vec<Server>> = BTreeMap::new();
    for server in servers(&compute, None).await? {
        projects.entry(server.project_id.clone()).or_default().push(server);
    }
    let usages: Vec<_> = projects
        .iter()
        .filter_map(|(project, servers)| {
            let usage = period.usage(project, servers);
            (!usage.servers.is_empty()).then(|| usage.view(&period, detailed))
        })
        .collect();
    Ok(Reply::ok(&json!({"tenant_usages": usages})))
}

async fn show(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    Path(project): Path<String>,
    params: Params,
) -> Result<Reply, Fault> {
    cx.allow("os_compute_api:os-simple-tenant-usage:show", &[("project_id", project.as_str())])?;
    let period = Period::read(&params, compute.now())?;
    let servers = servers(&compute, Some(project.clone())).await?;
    let usage = period.usage(&project, &servers);
    if usage.servers.is_empty() {
        return Ok(Reply::ok(&json!({"tenant_usage": {}})));
    }
    Ok(Reply::ok(&json!({"tenant_usage": usage.view(&period, true)})))
}

async fn servers(compute: &Compute, project_id: Option<String>) -> Result<Vec<Server>, Fault> {
    let filter = ServerFilter { project_id, ..ServerFilter::default() };
    let mut all = Vec::new();
    let mut page = ServerPage { sorting: Vec::new(), marker: None, limit: 1000 };
    loop {
        let some = find(compute.db(), &filter, &page).await?;
        let Some(last) = some.last() else { return Ok(all) };
        page.marker = Some(last.id);
        all.extend(some);
    }
}

/// From when to when.
struct Period {
    start: Timestamp,
    stop: Timestamp,
    now: Timestamp,
}

impl Period {
    fn read(params: &Params, now: Timestamp) -> Result<Self, Fault> {
        let time = |key: &str| {
            let invalid = |text: &str| {
                Fault::bad_request(format!("Invalid input for query parameter {key}: {text:?} is no time."))
            };
            params.get(key).map(|text| Timestamp::parse(text).ok_or_else(|| invalid(text))).transpose()
        };
        let stop = time("end")?.unwrap_or(now);
        let start = time("start")?.unwrap_or(stop - DEFAULT_PERIOD);
        if start > stop {
            return Err(Fault::bad_request("Invalid input for query parameter start: it is later than end."));
        }
        Ok(Self { start, stop, now })
    }

    /// The hours that the server existed within the period; none when it did not.
    fn hours(&self, server: &Server) -> Option<f64> {
        let from = server.launched?.max(self.start);
        let until = server.terminated.unwrap_or(self.now).min(self.stop);
        (from <= until).then(|| until.since(from).as_secs_f64() / 3600.0)
    }

    fn usage<'a>(&self, project: &'a str, servers: &'a [Server]) -> Usage<'a> {
        let existed = servers.iter().filter_map(|server| Some((server, self.hours(server)?)));
        Usage { project, servers: existed.collect() }
    }
}

struct Usage<'a> {
    project: &'a str,
    servers: Vec<(&'a Server, f64)>,
}

impl Usage<'_> {
    #[allow(clippy::cast_precision_loss, reason = "hours times size needs no exactness")]
    fn view(&self, period: &Period, detailed: bool) -> Value {
        let sum = |of: &dyn Fn(&Server) -> i64| {
            self.servers.iter().map(|(server, hours)| of(server) as f64 * hours).sum::<f64>()
        };
        let mut view = json!({
            "tenant_id": self.project,
            "start": period.start.to_iso_naive(),
            "stop": period.stop.to_iso_naive(),
            "total_hours": sum(&|_| 1),
            "total_vcpus_usage": sum(&|server| server.flavor.vcpus),
            "total_memory_mb_usage": sum(&|server| server.flavor.memory_mb),
            "total_local_gb_usage": sum(&|server| server.flavor.disk_gb + server.flavor.ephemeral_gb),
        });
        if detailed {
            view["server_usages"] =
                self.servers.iter().map(|(server, hours)| server_view(server, *hours, period.now)).collect();
        }
        view
    }
}

fn server_view(server: &Server, hours: f64, now: Timestamp) -> Value {
    let launched = server.launched.unwrap_or(server.created);
    let state = if server.deleted { "terminated" } else { server.state.vm_state.as_str() };
    json!({
        "instance_id": server.id,
        "name": server.name,
        "tenant_id": server.project_id,
        "flavor": server.flavor.name,
        "vcpus": server.flavor.vcpus,
        "memory_mb": server.flavor.memory_mb,
        "local_gb": server.flavor.disk_gb + server.flavor.ephemeral_gb,
        "hours": hours,
        "started_at": launched.to_iso_naive(),
        "ended_at": server.terminated.map(Timestamp::to_iso_naive),
        "uptime": server.terminated.unwrap_or(now).since(launched).as_secs(),
        "state": state,
    })
}
