//! Security groups.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use super::{Flag, Out, Patch, Render, network::standard, single_schema};
use crate::{
    query::Fields,
    store::{security_group::SecurityGroupRow, security_group_rule::SecurityGroupRuleRow},
};

/// POST.
pub(crate) static CREATE: Schema = Schema::new(single_schema!("security_group", [], {
    "name": text, "description": text, "stateful": flag, "project_id": project, "tenant_id": project
}));

/// PUT.
pub(crate) static UPDATE: Schema = Schema::new(single_schema!("security_group", [], {
    "name": text, "description": text, "stateful": flag
}));

/// A group to be made, or what shall change of one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateSecurityGroup {
    pub(crate) name: Patch<String>,
    pub(crate) description: Patch<String>,
    pub(crate) stateful: Patch<Flag>,
    #[serde(alias = "tenant_id")]
    pub(crate) project_id: Patch<String>,
}

/// The body of a creation or an update.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SecurityGroupBody {
    /// The group.
    pub security_group: CreateSecurityGroup,
}

/// A group with its rules.
#[derive(Debug, Clone)]
pub(crate) struct WithRules {
    /// The group.
    pub group: SecurityGroupRow,
    /// Its rules.
    pub rules: Vec<SecurityGroupRuleRow>,
}

struct Rules<'a>(&'a [SecurityGroupRuleRow]);

impl Serialize for Rules<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|rule| super::render::item(rule, &Fields::ALL, &())))
    }
}

impl Render for WithRules {
    type Shown = ();
    const NAME: &'static str = "security_group";
    const COLLECTION: &'static str = "security_groups";

    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, (): &()) -> Result<(), M::Error> {
        let group = &self.group;
        out.put("id", &group.id)?;
        out.put("name", &group.name)?;
        out.put("stateful", &group.stateful)?;
        out.project(&group.project_id)?;
        out.put("security_group_rules", &Rules(&self.rules))?;
        standard(out, &group.standard)?;
        out.put("tags", &group.standard.tags)
    }
}
