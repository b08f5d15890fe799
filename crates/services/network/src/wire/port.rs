//! Ports.

use std::collections::BTreeMap;

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{Flag, Out, Patch, Render, Text, bulk_schema, network::standard, one_or_many, single_schema};
use crate::store::port::{PortAddress, PortRow};

/// POST.
pub(crate) static CREATE: Schema = Schema::new(bulk_schema!("port", "ports", ["network_id"], {
    "network_id": uuid, "name": name, "description": text, "admin_state_up": flag, "mac_address": nullable_text,
    "fixed_ips": objects, "device_id": nullable_text, "device_owner": nullable_text, "security_groups": uuids,
    "port_security_enabled": flag, "allowed_address_pairs": objects, "extra_dhcp_opts": objects,
    "binding:host_id": nullable_text, "binding:vnic_type": nullable_text, "binding:profile": object, "dns_name": nullable_text,
    "project_id": project, "tenant_id": project
}));

/// PUT.
pub(crate) static UPDATE: Schema = Schema::new(single_schema!("port", [], {
    "name": name, "description": text, "admin_state_up": flag, "mac_address": nullable_text, "fixed_ips": objects,
    "device_id": nullable_text, "device_owner": nullable_text, "security_groups": uuids, "port_security_enabled": flag,
    "allowed_address_pairs": objects, "extra_dhcp_opts": objects, "binding:host_id": nullable_text,
    "binding:vnic_type": nullable_text, "binding:profile": object, "dns_name": nullable_text
}));

/// An address that is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WantedIp {
    pub(crate) subnet_id: Option<String>,
    pub(crate) ip_address: Option<String>,
}

/// A further address from which the port may send.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPair {
    pub(crate) ip_address: String,
    #[serde(default)]
    pub(crate) mac_address: Option<String>,
}

/// A DHCP option; without a value it is taken away.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedOption {
    pub(crate) opt_name: String,
    #[serde(default)]
    pub(crate) opt_value: Option<Text>,
    #[serde(default)]
    pub(crate) ip_version: Option<super::Integer>,
}

/// A port to be made, or what shall change of one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreatePort {
    pub(crate) network_id: String,
    pub(crate) name: Patch<String>,
    pub(crate) description: Patch<String>,
    pub(crate) admin_state_up: Patch<Flag>,
    pub(crate) mac_address: Patch<String>,
    pub(crate) fixed_ips: Patch<Vec<WantedIp>>,
    pub(crate) device_id: Patch<String>,
    pub(crate) device_owner: Patch<String>,
    pub(crate) security_groups: Patch<Vec<String>>,
    pub(crate) port_security_enabled: Patch<Flag>,
    pub(crate) allowed_address_pairs: Patch<Vec<WantedPair>>,
    pub(crate) extra_dhcp_opts: Patch<Vec<WantedOption>>,
    #[serde(rename = "binding:host_id")]
    pub(crate) binding_host: Patch<String>,
    #[serde(rename = "binding:vnic_type")]
    pub(crate) binding_vnic_type: Patch<String>,
    #[serde(rename = "binding:profile")]
    pub(crate) binding_profile: Patch<BTreeMap<String, serde_json::Value>>,
    pub(crate) dns_name: Patch<String>,
    #[serde(alias = "tenant_id")]
    pub(crate) project_id: Patch<String>,
}

one_or_many!(
    /// The body of a creation.
    CreatePorts of CreatePort as "port" or "ports"
);

/// The body of an update.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UpdatePort {
    /// What shall change.
    pub port: CreatePort,
}

/// What decides which attributes are seen, and how they read.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortShown {
    /// `binding:host_id`.
    pub host: bool,
    /// `binding:profile`.
    pub profile: bool,
    /// `binding:vif_type`.
    pub vif_type: bool,
    /// `binding:vif_details`.
    pub vif_details: bool,
    /// The domain of names.
    pub dns_domain: String,
}

#[derive(Serialize)]
struct Assignment<'a> {
    hostname: &'a str,
    ip_address: std::net::IpAddr,
    fqdn: String,
}

/// The host name that DNS gives an address: the port's own, or one made from the address.
pub(crate) fn hostname(port: &PortRow, address: &PortAddress) -> String {
    if port.dns_name.is_empty() {
        format!("host-{}", address.ip_address.to_string().replace(['.', ':'], "-"))
    } else {
        port.dns_name.clone()
    }
}

impl Render for PortRow {
    type Shown = PortShown;
    const NAME: &'static str = "port";
    const COLLECTION: &'static str = "ports";

    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, shown: &PortShown) -> Result<(), M::Error> {
        out.put("id", &self.id)?;
        out.put("name", &self.name)?;
        out.put("network_id", &self.network_id)?;
        out.project(&self.project_id)?;
        out.put("mac_address", &self.mac_address)?;
        out.put("admin_state_up", &self.admin_state_up)?;
        out.put("status", &self.status)?;
        out.put("device_id", &self.device_id)?;
        out.put("device_owner", &self.device_owner)?;
        out.put("fixed_ips", &self.fixed_ips)?;
        out.put("security_groups", &self.security_groups)?;
        out.put("port_security_enabled", &self.port_security_enabled)?;
        out.put("allowed_address_pairs", &self.allowed_address_pairs)?;
        out.put("extra_dhcp_opts", &self.extra_dhcp_opts)?;
        out.put("binding:vnic_type", &self.binding_vnic_type)?;
        if shown.host {
            out.put("binding:host_id", &self.binding_host)?;
        }
        if shown.profile {
            out.put("binding:profile", &self.binding_profile)?;
        }
        let bound = !self.binding_host.is_empty();
        if shown.vif_type {
            out.put("binding:vif_type", if bound { "ovs" } else { "unbound" })?;
        }
        if shown.vif_details {
            let details = serde_json::json!({"port_filter": true, "connectivity": "l2", "bridge_name": "br-int"});
            out.put("binding:vif_details", &if bound { details } else { serde_json::json!({}) })?;
        }
        out.put("dns_name", &self.dns_name)?;
        let hostnames: Vec<String> = self.fixed_ips.iter().map(|ip| hostname(self, ip)).collect();
        let assignment = self.fixed_ips.iter().zip(&hostnames).map(|(ip, hostname)| Assignment {
            hostname,
            ip_address: ip.ip_address,
            fqdn: format!("{hostname}.{}.", shown.dns_domain),
        });
        out.put("dns_assignment", &assignment.collect::<Vec<_>>())?;
        standard(out, &self.standard)?;
        out.put("tags", &self.standard.tags)
    }
}
