//! Networks.

use ferrostack_http::Schema;
use serde::{Deserialize, ser::SerializeMap};

use super::{Flag, Integer, Out, Patch, Render, bulk_schema, one_or_many, single_schema};
use crate::store::{Standard, network::NetworkRow};

/// POST.
pub(crate) static CREATE: Schema = Schema::new(bulk_schema!("network", "networks", [], {
    "name": name, "description": text, "admin_state_up": flag, "shared": flag, "router:external": flag, "is_default": flag,
    "mtu": number, "port_security_enabled": flag, "provider:network_type": nullable_text,
    "provider:physical_network": nullable_text, "provider:segmentation_id": nullable_number, "dns_domain": nullable_text,
    "project_id": project, "tenant_id": project
}));

/// PUT.
pub(crate) static UPDATE: Schema = Schema::new(single_schema!("network", [], {
    "name": name, "description": text, "admin_state_up": flag, "shared": flag, "router:external": flag, "is_default": flag,
    "mtu": number, "port_security_enabled": flag, "dns_domain": nullable_text
}));

/// A network to be made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateNetwork {
    pub(crate) name: Patch<String>,
    pub(crate) description: Patch<String>,
    pub(crate) admin_state_up: Patch<Flag>,
    pub(crate) shared: Patch<Flag>,
    #[serde(rename = "router:external")]
    pub(crate) external: Patch<Flag>,
    pub(crate) is_default: Patch<Flag>,
    pub(crate) mtu: Patch<Integer>,
    pub(crate) port_security_enabled: Patch<Flag>,
    #[serde(rename = "provider:network_type")]
    pub(crate) network_type: Patch<String>,
    #[serde(rename = "provider:physical_network")]
    pub(crate) physical_network: Patch<String>,
    #[serde(rename = "provider:segmentation_id")]
    pub(crate) segmentation_id: Patch<Integer>,
    pub(crate) dns_domain: Patch<String>,
    #[serde(alias = "tenant_id")]
    pub(crate) project_id: Patch<String>,
}

one_or_many!(
    /// The body of a creation.
    CreateNetworks of CreateNetwork as "network" or "networks"
);

/// The body of an update.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UpdateNetwork {
    /// What shall change.
    pub network: CreateNetwork,
}

/// What decides which attributes are seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NetworkShown {
    /// The `provider:*` attributes.
    pub provider: bool,
}

impl Render for NetworkRow {
    type Shown = NetworkShown;
    const NAME: &'static str = "network";
    const COLLECTION: &'static str = "networks";

    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, shown: &NetworkShown) -> Result<(), M::Error> {
        out.put("id", &self.id)?;
        out.put("name", &self.name)?;
        out.project(&self.project_id)?;
        out.put("admin_state_up", &self.admin_state_up)?;
        out.put("status", "ACTIVE")?;
        out.put("subnets", &self.subnets)?;
        out.put("shared", &self.shared)?;
        out.put("router:external", &self.external)?;
        if self.external {
            out.put("is_default", &self.is_default)?;
        }
        out.put("mtu", &self.mtu)?;
        out.put("port_security_enabled", &self.port_security_enabled)?;
        if shown.provider {
            out.put("provider:network_type", &self.network_type)?;
            out.put("provider:physical_network", &Some(&self.physical_network).filter(|name| !name.is_empty()))?;
            out.put("provider:segmentation_id", &self.segmentation_id)?;
        }
        out.put("dns_domain", &self.dns_domain)?;
        standard(out, &self.standard)?;
        out.put("tags", &self.standard.tags)
    }
}

/// Description, times and revision.
pub(crate) fn standard<M: SerializeMap>(out: &mut Out<'_, M>, standard: &Standard) -> Result<(), M::Error> {
    out.put("description", &standard.description)?;
    out.put("created_at", &standard.created.to_iso())?;
    out.put("updated_at", &standard.updated.to_iso())?;
    out.put("revision_number", &standard.revision)
}
