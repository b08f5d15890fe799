//! Routers.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{Flag, Out, Patch, Render, network::standard, port::WantedIp, single_schema, subnet::WantedRoute};
use crate::store::{port::PortAddress, router::RouterRow};

/// POST.
pub(crate) static CREATE: Schema = Schema::new(single_schema!("router", [], {
    "name": name, "description": text, "admin_state_up": flag, "external_gateway_info": object, "routes": objects,
    "project_id": project, "tenant_id": project
}));

/// PUT.
pub(crate) static UPDATE: Schema = Schema::new(single_schema!("router", [], {
    "name": name, "description": text, "admin_state_up": flag, "external_gateway_info": object, "routes": objects
}));

/// Adding and removing routes.
pub(crate) static ROUTES: Schema = Schema::new(single_schema!("router", ["routes"], {"routes": objects}));

/// Adding and removing interfaces.
pub(crate) static INTERFACE: Schema = Schema::new(
    r#"{"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
        "subnet_id": {"type": ["string", "null"], "maxLength": 255}, "port_id": {"type": ["string", "null"], "maxLength": 255}}}"#,
);

/// The way out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WantedGateway {
    pub(crate) network_id: Option<String>,
    pub(crate) enable_snat: Option<Flag>,
    pub(crate) external_fixed_ips: Option<Vec<WantedIp>>,
}

/// A router to be made, or what shall change of one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateRouter {
    pub(crate) name: Patch<String>,
    pub(crate) description: Patch<String>,
    pub(crate) admin_state_up: Patch<Flag>,
    pub(crate) external_gateway_info: Patch<WantedGateway>,
    pub(crate) routes: Patch<Vec<WantedRoute>>,
    #[serde(alias = "tenant_id")]
    pub(crate) project_id: Patch<String>,
}

/// The body of a creation or an update.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RouterBody {
    /// The router.
    pub router: CreateRouter,
}

/// The body of adding or removing an interface.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InterfaceBody {
    /// By its subnet.
    pub subnet_id: Option<String>,
    /// By its port.
    pub port_id: Option<String>,
}

/// The answer to adding or removing an interface.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Interface {
    /// The router.
    pub id: crate::ids::RouterId,
    /// Its project.
    pub tenant_id: String,
    /// Its project.
    pub project_id: String,
    /// The interface's port.
    pub port_id: crate::ids::PortId,
    /// The port's network.
    pub network_id: crate::ids::NetworkId,
    /// The subnet.
    pub subnet_id: crate::ids::SubnetId,
    /// All subnets of the port.
    pub subnet_ids: Vec<crate::ids::SubnetId>,
}

#[derive(Serialize)]
struct GatewayInfo<'a> {
    network_id: crate::ids::NetworkId,
    external_fixed_ips: &'a [PortAddress],
    enable_snat: bool,
}

impl Render for RouterRow {
    type Shown = ();
    const NAME: &'static str = "router";
    const COLLECTION: &'static str = "routers";

    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, (): &()) -> Result<(), M::Error> {
        out.put("id", &self.id)?;
        out.put("name", &self.name)?;
        out.project(&self.project_id)?;
        out.put("admin_state_up", &self.admin_state_up)?;
        out.put("status", "ACTIVE")?;
        let info = self.gateway.as_ref().map(|gateway| GatewayInfo {
            network_id: gateway.network_id,
            external_fixed_ips: &gateway.external_fixed_ips,
            enable_snat: self.enable_snat,
        });
        out.put("external_gateway_info", &info)?;
        out.put("routes", &self.routes)?;
        standard(out, &self.standard)?;
        out.put("tags", &self.standard.tags)
    }
}
