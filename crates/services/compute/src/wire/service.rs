//! Compute nodes and controllers as clients see them.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::node::{Load, ServiceState},
    model::ComputeNode,
};

/// At microversion 2.1: which host, and which of its services.
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object", "required": ["host", "binary"], "additionalProperties": false,
    "properties": {
        "host": {"type": "string", "minLength": 1, "maxLength": 255},
        "binary": {"type": "string", "minLength": 1, "maxLength": 255},
        "disabled_reason": {"type": "string", "minLength": 1, "maxLength": 255}
    }
}"#,
);

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub host: String,
    pub binary: String,
    pub disabled_reason: Option<String>,
}

/// A service.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceView<'a> {
    id: i64,
    binary: &'a str,
    host: &'a str,
    zone: &'a str,
    status: &'static str,
    state: &'static str,
    updated_at: String,
    disabled_reason: Option<&'a str>,
}

impl<'a> From<&'a ServiceState> for ServiceView<'a> {
    fn from(service: &'a ServiceState) -> Self {
        Self {
            id: service.number,
            binary: service.binary,
            host: &service.host,
            zone: &service.zone,
            status: enabled(service.disabled),
            state: if service.up { "up" } else { "down" },
            updated_at: service.updated.to_iso_naive(),
            disabled_reason: service.disabled_reason.as_deref(),
        }
    }
}

fn enabled(disabled: bool) -> &'static str {
    if disabled { "disabled" } else { "enabled" }
}

/// A hypervisor in the short list.
pub(crate) fn short(node: &ComputeNode, up: bool) -> Value {
    json!({
        "id": node.number,
        "hypervisor_hostname": node.name,
        "state": if up { "up" } else { "down" },
        "status": enabled(node.disabled),
    })
}

/// A hypervisor.
pub(crate) fn detail(node: &ComputeNode, up: bool, load: Load, ram_reserved: i64) -> Value {
    let facts = &node.facts;
    let memory_used = load.memory_mb + ram_reserved;
    let mut view = short(node, up);
    let more = json!({
        "hypervisor_type": facts.hypervisor_type,
        "hypervisor_version": facts.hypervisor_version,
        "host_ip": facts.host_ip.to_string(),
        "cpu_info": json!({"arch": facts.architecture}).to_string(),
        "vcpus": facts.vcpus,
        "vcpus_used": load.vcpus,
        "memory_mb": facts.memory_mb,
        "memory_mb_used": memory_used,
        "free_ram_mb": facts.memory_mb - memory_used,
        "local_gb": facts.disk_gb,
        "local_gb_used": load.disk_gb,
        "free_disk_gb": facts.disk_gb - load.disk_gb,
        "disk_available_least": facts.disk_gb - load.disk_gb,
        "current_workload": 0,
        "running_vms": load.servers,
        "service": {"id": node.number, "host": node.name, "disabled_reason": node.disabled_reason},
    });
    if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
        view.extend(more);
    }
    view
}

/// Sums over all hypervisors.
pub(crate) fn statistics(nodes: &[(ComputeNode, Load)], ram_reserved: i64) -> Value {
    let sum = |of: &dyn Fn(&ComputeNode, &Load) -> i64| nodes.iter().map(|(node, load)| of(node, load)).sum::<i64>();
    json!({"hypervisor_statistics": {
        "count": nodes.len(),
        "vcpus": sum(&|node, _| node.facts.vcpus),
        "vcpus_used": sum(&|_, load| load.vcpus),
        "memory_mb": sum(&|node, _| node.facts.memory_mb),
        "memory_mb_used": sum(&|_, load| load.memory_mb + ram_reserved),
        "free_ram_mb": sum(&|node, load| node.facts.memory_mb - load.memory_mb - ram_reserved),
        "local_gb": sum(&|node, _| node.facts.disk_gb),
        "local_gb_used": sum(&|_, load| load.disk_gb),
        "free_disk_gb": sum(&|node, load| node.facts.disk_gb - load.disk_gb),
        "disk_available_least": sum(&|node, load| node.facts.disk_gb - load.disk_gb),
        "current_workload": 0,
        "running_vms": sum(&|_, load| load.servers),
    }})
}
