//! Zones of hosts.

use std::collections::BTreeMap;

use ferrostack_http::{Fault, Reply, Routes, axum::extract::State};
use serde_json::{Map, Value, json};

use crate::{Compute, app::node::ServiceState};

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/os-availability-zone", list)
        .policy("os_compute_api:os-availability-zone:list")
        .get("/os-availability-zone/detail", detail)
        .policy("os_compute_api:os-availability-zone:detail")
}

/// Zones in which a node is up and open. The controllers' own zone is none for servers.
async fn list(State(compute): State<Compute>) -> Result<Reply, Fault> {
    let mut zones: BTreeMap<String, bool> = BTreeMap::new();
    for service in compute.services().await?.into_iter().filter(is_compute) {
        *zones.entry(service.zone).or_default() |= service.up && !service.disabled;
    }
    Ok(reply(zones.into_iter().map(|(zone, available)| view(&zone, available, Value::Null))))
}

async fn detail(State(compute): State<Compute>) -> Result<Reply, Fault> {
    let mut zones: BTreeMap<String, (bool, Map<String, Value>)> = BTreeMap::new();
    for service in compute.services().await? {
        let (available, hosts) = zones.entry(service.zone.clone()).or_default();
        *available |= service.up && !service.disabled;
        let state =
            json!({"available": service.up, "active": !service.disabled, "updated_at": service.updated.to_iso_naive()});
        let host = hosts.entry(service.host.clone()).or_insert_with(|| json!({}));
        host[service.binary] = state;
    }
    Ok(reply(zones.into_iter().map(|(zone, (available, hosts))| view(&zone, available, hosts.into()))))
}

fn is_compute(service: &ServiceState) -> bool {
    service.binary == "nova-compute"
}

fn view(zone: &str, available: bool, hosts: Value) -> Value {
    json!({"zoneName": zone, "zoneState": {"available": available}, "hosts": hosts})
}

fn reply(zones: impl Iterator<Item = Value>) -> Reply {
    Reply::ok(&json!({"availabilityZoneInfo": zones.collect::<Vec<_>>()}))
}
