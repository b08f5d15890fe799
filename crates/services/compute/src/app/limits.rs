//! Limits of projects and what they use.

use std::collections::HashMap;

use ferrostack_quota::{limits, remove_limits, set_limit, usages};

use crate::{Compute, ComputeError};

/// What projects can be limited in: the API's names, and those of the quota.
pub(crate) const RESOURCES: &[(&str, &str)] = &[
    ("instances", "compute.instances"),
    ("cores", "compute.cores"),
    ("ram", "compute.ram"),
    ("key_pairs", "compute.key_pairs"),
    ("metadata_items", "compute.metadata_items"),
    ("server_groups", "compute.server_groups"),
    ("server_group_members", "compute.server_group_members"),
];

/// A limit and how much of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub limit: i64,
    pub used: i64,
}

impl Compute {
    /// The limit of projects that have none of their own, by the API's name.
    pub(crate) fn default_limit(&self, name: &str) -> i64 {
        let quotas = &self.options().quotas;
        match name {
            "instances" => quotas.instances,
            "cores" => quotas.cores,
            "ram" => quotas.ram_mb,
            "key_pairs" => quotas.key_pairs,
            "metadata_items" => quotas.metadata_items,
            "server_groups" => quotas.server_groups,
            "server_group_members" => quotas.server_group_members,
            _ => ferrostack_quota::UNLIMITED,
        }
    }

    /// One limit of a project.
    pub(crate) async fn limit(&self, project: Option<&str>, resource: &str, default: i64) -> Result<i64, ComputeError> {
        let Some(project) = project else { return Ok(default) };
        let own = limits(self.db(), Some(project)).await?;
        Ok(own.into_iter().find(|limit| limit.resource == resource).map_or(default, |limit| limit.limit))
    }

    /// All limits of a project by the API's names, with what it uses. Key pairs are counted for each user and metadata for
    /// each server, so the project uses none.
    pub(crate) async fn quotas(&self, project: &str) -> Result<HashMap<&'static str, Quota>, ComputeError> {
        let own = limits(self.db(), Some(project)).await?;
        let used = usages(self.db(), project).await?;
        let quota = |(name, resource): &(&'static str, &'static str)| {
            let limit = own.iter().find(|limit| limit.resource == *resource).map(|limit| limit.limit);
            let used = used.iter().find(|usage| usage.resource == *resource).map_or(0, |usage| usage.used);
            (*name, Quota { limit: limit.unwrap_or_else(|| self.default_limit(name)), used })
        };
        Ok(RESOURCES.iter().map(quota).collect())
    }

    /// Gives a project limits of its own, by the API's names. Unless forced, none may be below what is used.
    pub(crate) async fn set_quotas(
        &self,
        project: &str,
        wanted: &[(&'static str, i64)],
        force: bool,
    ) -> Result<(), ComputeError> {
        let now = self.quotas(project).await?;
        for (name, limit) in wanted {
            let used = now.get(name).map_or(0, |quota| quota.used);
            if !force && *limit >= 0 && *limit < used {
                return Err(ComputeError::invalid(
                    "quota_set",
                    format!("{name}: {limit} is less than the {used} that are used; set force to do it anyway."),
                ));
            }
        }
        self.db()
            .tx(|tx| async move {
                for (name, resource) in RESOURCES {
                    if let Some((_, limit)) = wanted.iter().find(|(wanted, _)| wanted == name) {
                        set_limit(&tx, project, resource, *limit).await?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// The project has the default limits again.
    pub(crate) async fn reset_quotas(&self, project: &str) -> Result<(), ComputeError> {
        self.db().tx(|tx| async move { remove_limits(&tx, project, "compute.").await }).await?;
        Ok(())
    }
}
