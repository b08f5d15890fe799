//! The parts of the API, as clients of before the microversions look for them.

use ferrostack_http::{Fault, Reply, Routes, axum::extract::Path};
use serde_json::{Value, json};

use crate::Compute;

const EXTENSIONS: &[(&str, &str, &str)] = &[
    ("os-availability-zone", "AvailabilityZone", "Zones of hosts."),
    ("OS-DCF", "DiskConfig", "How a guest's disk is partitioned."),
    ("os-extended-availability-zone", "ExtendedAvailabilityZone", "The zone of a server."),
    ("OS-EXT-IPS", "ExtendedIps", "Fixed and floating addresses are told apart."),
    ("OS-EXT-IPS-MAC", "ExtendedIpsMac", "The MAC address beside an address."),
    ("OS-EXT-SRV-ATTR", "ExtendedServerAttributes", "The host of a server."),
    ("OS-EXT-STS", "ExtendedStatus", "Task, state and power of a server."),
    ("os-config-drive", "ConfigDrive", "A drive with the configuration of a server."),
    ("os-console-output", "ConsoleOutput", "The console log of a server."),
    ("os-consoles", "Consoles", "The screen of a server."),
    ("os-console-auth-tokens", "ConsoleAuthTokens", "What the token of a console opens."),
    ("os-flavor-access", "FlavorAccess", "Flavors for single projects."),
    ("os-flavor-extra-specs", "FlavorExtraSpecs", "What a flavor asks of hosts."),
    ("os-flavor-manage", "FlavorManage", "Creation and deletion of flavors."),
    ("os-hypervisors", "Hypervisors", "What compute nodes have."),
    ("os-instance-actions", "InstanceActions", "What was done with a server."),
    ("os-keypairs", "Keypairs", "Keys for access to servers."),
    ("os-multiple-create", "MultipleCreate", "Several servers in one request."),
    ("os-quota-sets", "QuotaSets", "Limits of projects."),
    ("os-security-groups", "SecurityGroups", "Security groups of servers."),
    ("OS-SRV-USG", "ServerUsage", "When a server was started and ended."),
    ("os-services", "Services", "Compute nodes and controllers."),
    ("os-simple-tenant-usage", "SimpleTenantUsage", "What projects used."),
    ("os-user-data", "UserData", "Data for the guest of a server."),
];

pub(super) fn routes() -> Routes<Compute> {
    Routes::new()
        .get("/extensions", list)
        .policy("os_compute_api:extensions")
        .get("/extensions/{alias}", show)
        .policy("os_compute_api:extensions")
}

fn view((alias, name, description): &(&str, &str, &str)) -> Value {
    json!({
        "alias": alias,
        "name": name,
        "description": description,
        "links": [],
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
        "updated": "2014-12-03T00:00:00Z",
    })
}

async fn list() -> Reply {
    Reply::ok(&json!({"extensions": EXTENSIONS.iter().map(view).collect::<Vec<_>>()}))
}

async fn show(Path(alias): Path<String>) -> Result<Reply, Fault> {
    let found = EXTENSIONS.iter().find(|(known, ..)| *known == alias);
    let found = found.ok_or_else(|| Fault::not_found("Extension", &alias))?;
    Ok(Reply::ok(&json!({"extension": view(found)})))
}
