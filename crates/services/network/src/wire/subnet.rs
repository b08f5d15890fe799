//! Subnets.

use ferrostack_http::Schema;
use serde::{Deserialize, ser::SerializeMap};

use super::{Flag, Integer, Out, Patch, Render, bulk_schema, network::standard, one_or_many, single_schema};
use crate::store::subnet::SubnetRow;

/// POST.
pub(crate) static CREATE: Schema = Schema::new(bulk_schema!("subnet", "subnets", ["network_id"], {
    "network_id": uuid, "name": name, "description": text, "ip_version": number, "cidr": nullable_text, "gateway_ip": address,
    "enable_dhcp": flag, "allocation_pools": objects, "dns_nameservers": texts, "host_routes": objects,
    "ipv6_ra_mode": nullable_text, "ipv6_address_mode": nullable_text, "subnetpool_id": null, "prefixlen": null,
    "segment_id": null, "service_types": no_items, "project_id": project, "tenant_id": project
}));

/// PUT.
pub(crate) static UPDATE: Schema = Schema::new(single_schema!("subnet", [], {
    "name": name, "description": text, "gateway_ip": address, "enable_dhcp": flag, "allocation_pools": objects,
    "dns_nameservers": texts, "host_routes": objects
}));

/// A range of addresses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPool {
    pub(crate) start: String,
    pub(crate) end: String,
}

/// A route.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRoute {
    pub(crate) destination: String,
    pub(crate) nexthop: String,
}

/// A subnet to be made, or what shall change of one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateSubnet {
    pub(crate) network_id: String,
    pub(crate) name: Patch<String>,
    pub(crate) description: Patch<String>,
    pub(crate) ip_version: Patch<Integer>,
    pub(crate) cidr: Patch<String>,
    pub(crate) gateway_ip: Patch<String>,
    pub(crate) enable_dhcp: Patch<Flag>,
    pub(crate) allocation_pools: Patch<Vec<WantedPool>>,
    pub(crate) dns_nameservers: Patch<Vec<String>>,
    pub(crate) host_routes: Patch<Vec<WantedRoute>>,
    pub(crate) ipv6_ra_mode: Patch<String>,
    pub(crate) ipv6_address_mode: Patch<String>,
    #[serde(alias = "tenant_id")]
    pub(crate) project_id: Patch<String>,
}

one_or_many!(
    /// The body of a creation.
    CreateSubnets of CreateSubnet as "subnet" or "subnets"
);

/// The body of an update.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UpdateSubnet {
    /// What shall change.
    pub subnet: CreateSubnet,
}

impl Render for SubnetRow {
    type Shown = ();
    const NAME: &'static str = "subnet";
    const COLLECTION: &'static str = "subnets";

    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, (): &()) -> Result<(), M::Error> {
        out.put("id", &self.id)?;
        out.put("name", &self.name)?;
        out.project(&self.project_id)?;
        out.put("network_id", &self.network_id)?;
        out.put("ip_version", &self.ip_version())?;
        out.put("subnetpool_id", &None::<String>)?;
        out.put("enable_dhcp", &self.enable_dhcp)?;
        out.put("ipv6_ra_mode", &self.ipv6_ra_mode)?;
        out.put("ipv6_address_mode", &self.ipv6_address_mode)?;
        out.put("gateway_ip", &self.gateway_ip)?;
        out.put("cidr", &self.cidr)?;
        out.put("allocation_pools", &self.allocation_pools)?;
        out.put("host_routes", &self.host_routes)?;
        out.put("dns_nameservers", &self.dns_nameservers)?;
        standard(out, &self.standard)?;
        out.put("tags", &self.standard.tags)
    }
}
