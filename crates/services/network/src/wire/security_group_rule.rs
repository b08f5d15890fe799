//! Security group rules.

use ferrostack_http::Schema;
use serde::{Deserialize, ser::SerializeMap};

use super::{Integer, Out, Patch, Render, Text, bulk_schema, network::standard, one_or_many};
use crate::store::security_group_rule::SecurityGroupRuleRow;

/// POST.
pub(crate) static CREATE: Schema =
    Schema::new(bulk_schema!("security_group_rule", "security_group_rules", ["security_group_id", "direction"], {
        "security_group_id": uuid, "direction": text, "ethertype": nullable_text, "protocol": number_or_text,
        "port_range_min": nullable_number, "port_range_max": nullable_number, "remote_ip_prefix": nullable_text,
        "remote_group_id": nullable_uuid, "description": text, "project_id": project, "tenant_id": project
    }));

/// A rule to be made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateRule {
    pub(crate) security_group_id: String,
    pub(crate) direction: String,
    pub(crate) ethertype: Patch<String>,
    pub(crate) protocol: Patch<Text>,
    pub(crate) port_range_min: Patch<Integer>,
    pub(crate) port_range_max: Patch<Integer>,
    pub(crate) remote_ip_prefix: Patch<String>,
    pub(crate) remote_group_id: Patch<String>,
    pub(crate) description: Patch<String>,
    #[serde(alias = "tenant_id")]
    pub(crate) project_id: Patch<String>,
}

one_or_many!(
    /// The body of a creation.
    CreateRules of CreateRule as "security_group_rule" or "security_group_rules"
);

impl Render for SecurityGroupRuleRow {
    type Shown = ();
    const NAME: &'static str = "security_group_rule";
    const COLLECTION: &'static str = "security_group_rules";

    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, (): &()) -> Result<(), M::Error> {
        out.put("id", &self.id)?;
        out.project(&self.project_id)?;
        out.put("security_group_id", &self.group_id)?;
        out.put("ethertype", &self.ethertype)?;
        out.put("direction", &self.direction)?;
        out.put("protocol", &self.protocol)?;
        out.put("port_range_min", &self.port_range_min)?;
        out.put("port_range_max", &self.port_range_max)?;
        out.put("remote_ip_prefix", &self.remote_ip_prefix)?;
        out.put("remote_group_id", &self.remote_group_id)?;
        out.put("normalized_cidr", &self.normalized_cidr())?;
        standard(out, &self.standard)
    }
}
