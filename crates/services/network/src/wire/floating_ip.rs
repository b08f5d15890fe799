//! Floating IPs.

use ferrostack_http::Schema;
use serde::{Deserialize, ser::SerializeMap};

use super::{Out, Patch, Render, network::standard, single_schema};
use crate::store::floating_ip::FloatingIpRow;

/// POST.
pub(crate) static CREATE: Schema = Schema::new(single_schema!("floatingip", ["floating_network_id"], {
    "floating_network_id": uuid, "port_id": nullable_uuid, "fixed_ip_address": address, "floating_ip_address": address,
    "subnet_id": nullable_uuid, "description": text, "project_id": project, "tenant_id": project
}));

/// PUT.
pub(crate) static UPDATE: Schema = Schema::new(single_schema!("floatingip", [], {
    "port_id": nullable_uuid, "fixed_ip_address": address, "description": text
}));

/// A floating IP to be made, or what shall change of one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateFloatingIp {
    pub(crate) floating_network_id: String,
    pub(crate) port_id: Patch<String>,
    pub(crate) fixed_ip_address: Patch<String>,
    pub(crate) floating_ip_address: Patch<String>,
    pub(crate) subnet_id: Patch<String>,
    pub(crate) description: Patch<String>,
    #[serde(alias = "tenant_id")]
    pub(crate) project_id: Patch<String>,
}

/// The body of a creation or an update.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FloatingIpBody {
    /// The floating IP.
    pub floatingip: CreateFloatingIp,
}

impl Render for FloatingIpRow {
    type Shown = ();
    const NAME: &'static str = "floatingip";
    const COLLECTION: &'static str = "floatingips";

    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, (): &()) -> Result<(), M::Error> {
        let to = self.association.as_ref();
        out.put("id", &self.id)?;
        out.project(&self.project_id)?;
        out.put("floating_ip_address", &self.floating_ip_address)?;
        out.put("floating_network_id", &self.floating_network_id)?;
        out.put("router_id", &to.map(|to| to.router_id))?;
        out.put("port_id", &to.map(|to| to.port_id))?;
        out.put("fixed_ip_address", &to.map(|to| to.fixed_ip_address))?;
        out.put("status", self.status())?;
        standard(out, &self.standard)?;
        out.put("tags", &self.standard.tags)
    }
}
