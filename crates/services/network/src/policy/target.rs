//! The target of a policy check.

use ferrostack_policy::Target;

/// A resource, or one that shall be made, as the rules see it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// Whose it is.
    pub project_id: &'a str,
    /// Whose network it is on.
    pub network_project_id: Option<&'a str>,
    /// Whether the network is shared.
    pub shared: bool,
    /// Whether the network is external.
    pub external: bool,
    /// The owner of a port's device.
    pub device_owner: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// Something of a project.
    pub(crate) fn of(project_id: &'a str) -> Self {
        Self { project_id, ..Self::default() }
    }
}

impl Target for Asked<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let word = |flag: bool| Some(if flag { "True" } else { "False" });
        match key {
            "project_id" | "tenant_id" => Some(self.project_id),
            "network:project_id" | "network:tenant_id" => self.network_project_id,
            "shared" => word(self.shared),
            "router:external" => word(self.external),
            "device_owner" => self.device_owner,
            _ => None,
        }
    }
}
