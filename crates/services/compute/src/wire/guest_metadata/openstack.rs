//! OpenStack's tree: `openstack/VERSION/{meta_data.json,user_data,network_data.json,vendor_data.json,vendor_data2.json}`.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_STANDARD};
use ferrostack_contracts::{BoundPort, FixedIp};
use serde_json::{Map, Value, json};

use super::Files;
use crate::model::GuestFacts;

/// The versions, oldest first; each has all that those before it have.
const VERSIONS: [&str; 9] = [
    "2012-08-10",
    "2013-04-04",
    "2013-10-17",
    "2015-10-15",
    "2016-06-30",
    "2016-10-06",
    "2017-02-22",
    "2018-08-27",
    "2020-10-14",
];
const LATEST: &str = "latest";
const PASSWORD: &str = "2013-10-17";
const RANDOM_SEED: &str = "2013-04-04";
const VENDOR_DATA: &str = "2013-10-17";
const NETWORK_DATA: &str = "2015-10-15";
const DEVICES: &str = "2016-06-30";
const VENDOR_DATA_2: &str = "2016-10-06";
const DEDICATED_CPUS: &str = "2020-10-14";

/// Whether guests of that version can hand over a password, at `openstack/VERSION/password`.
pub(crate) fn has_password(version: &str) -> bool {
    version == LATEST || (version >= PASSWORD && VERSIONS.contains(&version))
}

pub(super) fn add(files: &mut Files, facts: &GuestFacts, seed: Option<&[u8]>) {
    for version in VERSIONS.into_iter().chain([LATEST]) {
        // As texts, dates are in order, and "latest" is after all of them.
        let has = |since: &str| version >= since;
        let mut add = |name: &str, content: Vec<u8>| files.insert(format!("openstack/{version}/{name}"), content);
        add("meta_data.json", meta_data(facts, seed, has).to_string().into_bytes());
        if let Some(data) = &facts.user_data {
            add("user_data", data.expose().clone());
        }
        if has(VENDOR_DATA) {
            // The operator gives guests nothing of his own.
            add("vendor_data.json", b"{}".to_vec());
        }
        if has(NETWORK_DATA) {
            add("network_data.json", network_data(&facts.ports).to_string().into_bytes());
        }
        if has(VENDOR_DATA_2) {
            add("vendor_data2.json", b"{}".to_vec());
        }
    }
}

fn meta_data(facts: &GuestFacts, seed: Option<&[u8]>, has: impl Fn(&str) -> bool) -> Value {
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| all.insert(key.to_owned(), value);
    put("uuid", json!(facts.id));
    put("name", json!(facts.name));
    put("hostname", json!(facts.hostname));
    put("launch_index", json!(facts.launch_index));
    put("availability_zone", json!(facts.zone));
    if !facts.metadata.is_empty() {
        put("meta", json!(facts.metadata));
    }
    if let Some((name, key)) = &facts.key {
        put("public_keys", json!({name: key}));
        put("keys", json!([{"name": name, "type": "ssh", "data": key}]));
    }
    if let Some(seed) = seed.filter(|_| has(RANDOM_SEED)) {
        put("random_seed", json!(BASE64_STANDARD.encode(seed)));
    }
    if has(NETWORK_DATA) {
        put("project_id", json!(facts.project_id));
    }
    if has(DEVICES) {
        // Devices that were given a tag; none can be given one here.
        put("devices", json!([]));
    }
    if has(DEDICATED_CPUS) {
        put("dedicated_cpus", json!([]));
    }
    Value::Object(all)
}

fn network_data(ports: &[BoundPort]) -> Value {
    let link = |port: &BoundPort| format!("tap{}", &port.port_id.to_string()[..11]);
    let links: Vec<Value> = ports
        .iter()
        .map(|port| {
            json!({
                "id": link(port),
                "vif_id": port.port_id,
                "type": "ovs",
                "mtu": port.mtu,
                "ethernet_mac_address": port.mac,
            })
        })
        .collect();
    let mut networks = Vec::new();
    for port in ports {
        // DHCP gives an interface one address, the first.
        let mut by_dhcp = port.metadata.is_some();
        for fixed in &port.fixed_ips {
            let dhcp = fixed.ip.is_ipv4() && std::mem::take(&mut by_dhcp);
            let mut network = if dhcp { json!({"type": "ipv4_dhcp"}) } else { fixed_address(fixed, &port.dns) };
            network["id"] = json!(format!("network{}", networks.len()));
            network["link"] = json!(link(port));
            network["network_id"] = json!(port.network_id);
            networks.push(network);
        }
    }
    let mut servers: Vec<IpAddr> = ports.iter().flat_map(|port| port.dns.iter().copied()).collect();
    servers.sort_unstable();
    servers.dedup();
    json!({"links": links, "networks": networks, "services": dns(&servers)})
}

/// An address that the guest sets by itself.
fn fixed_address(fixed: &FixedIp, name_servers: &[IpAddr]) -> Value {
    let (kind, any) = if fixed.ip.is_ipv4() { ("ipv4", "0.0.0.0") } else { ("ipv6", "::") };
    let routes: Vec<Value> =
        fixed.gateway.iter().map(|gateway| json!({"network": any, "netmask": any, "gateway": gateway})).collect();
    let same_family: Vec<IpAddr> =
        name_servers.iter().copied().filter(|server| server.is_ipv4() == fixed.ip.is_ipv4()).collect();
    json!({
        "type": kind,
        "ip_address": fixed.ip,
        "netmask": netmask(fixed),
        "routes": routes,
        "services": dns(&same_family),
    })
}

fn netmask(fixed: &FixedIp) -> String {
    match fixed.ip {
        IpAddr::V4(_) => {
            let bits = u32::MAX.checked_shl(32 - u32::from(fixed.prefix.min(32))).unwrap_or(0);
            std::net::Ipv4Addr::from(bits).to_string()
        }
        IpAddr::V6(_) => {
            let bits = u128::MAX.checked_shl(128 - u32::from(fixed.prefix.min(128))).unwrap_or(0);
            std::net::Ipv6Addr::from(bits).to_string()
        }
    }
}

fn dns(servers: &[IpAddr]) -> Vec<Value> {
    servers.iter().map(|server| json!({"type": "dns", "address": server})).collect()
}
