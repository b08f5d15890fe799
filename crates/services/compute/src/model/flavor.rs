//! What a server gets.

use std::collections::BTreeMap;

use ferrostack_base::Timestamp;
use ferrostack_contracts::Resources;
use serde::{Deserialize, Serialize};

/// A flavor. A server keeps a copy of its own, so that it stays as it was made when the flavor is deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flavor {
    /// Free text, chosen by whoever made it.
    pub id: String,
    pub name: String,
    pub vcpus: i64,
    pub memory_mb: i64,
    /// Root disk; 0 = as large as the image.
    pub disk_gb: i64,
    pub ephemeral_gb: i64,
    pub swap_mb: i64,
    pub rxtx_factor: f64,
    pub is_public: bool,
    pub extra_specs: BTreeMap<String, String>,
    /// Raised at each change of the extra specs.
    #[serde(default)]
    pub generation: i64,
    #[serde(default)]
    pub created: Timestamp,
}

impl Flavor {
    /// What a server of this flavor takes of its host.
    pub(crate) fn resources(&self) -> Resources {
        let disk = self.disk_gb + self.ephemeral_gb + (self.swap_mb + 1023) / 1024;
        [("VCPU", self.vcpus), ("MEMORY_MB", self.memory_mb), ("DISK_GB", disk)]
            .into_iter()
            .filter(|(_, amount)| *amount > 0)
            .map(|(class, amount)| (class.to_owned(), amount))
            .collect()
    }

    /// Traits that hosts must have or must not have (`trait:NAME` = `required` or `forbidden`).
    pub(crate) fn traits(&self, wanted: &str) -> impl Iterator<Item = &str> {
        let specs = self.extra_specs.iter().filter(move |(_, value)| *value == wanted);
        specs.filter_map(|(key, _)| key.strip_prefix("trait:"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flavor_takes_whole_gigabytes_and_no_zero_amounts() {
        let mut flavor = Flavor {
            id: "1".into(),
            name: "tiny".into(),
            vcpus: 1,
            memory_mb: 64,
            disk_gb: 0,
            ephemeral_gb: 0,
            swap_mb: 0,
            rxtx_factor: 1.0,
            is_public: true,
            extra_specs: BTreeMap::from([
                ("trait:HW_CPU_X86_VMX".to_owned(), "required".to_owned()),
                ("trait:CUSTOM_OLD".to_owned(), "forbidden".to_owned()),
            ]),
            generation: 0,
            created: Timestamp::default(),
        };
        assert_eq!(flavor.resources(), Resources::from([("MEMORY_MB".into(), 64), ("VCPU".into(), 1)]));
        (flavor.disk_gb, flavor.swap_mb) = (3, 1);
        assert_eq!(flavor.resources()["DISK_GB"], 4);
        assert_eq!(flavor.traits("required").collect::<Vec<_>>(), ["HW_CPU_X86_VMX"]);
        assert_eq!(flavor.traits("forbidden").collect::<Vec<_>>(), ["CUSTOM_OLD"]);
    }
}
