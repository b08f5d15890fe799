//! Limits of projects.

use std::collections::BTreeMap;

use ferrostack_auth::Ctx;
use ferrostack_db::Tx;
use ferrostack_quota::{QuotaError, Want, count, limits, remove_limits, set_limit, take, usages};

use crate::{
    Network,
    error::NetworkError,
    options::QuotaDefaults,
    policy::Asked,
    wire::quota::{Detail, WantedLimits},
};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Networks,
    Subnets,
    Ports,
    Routers,
    FloatingIps,
    SecurityGroups,
    SecurityGroupRules,
}

impl Resource {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Networks,
        Self::Subnets,
        Self::Ports,
        Self::Routers,
        Self::FloatingIps,
        Self::SecurityGroups,
        Self::SecurityGroupRules,
    ];

    /// The name in the ledger.
    pub(crate) const fn ledger_name(self) -> &'static str {
        match self {
            Self::Networks => "network.network",
            Self::Subnets => "network.subnet",
            Self::Ports => "network.port",
            Self::Routers => "network.router",
            Self::FloatingIps => "network.floatingip",
            Self::SecurityGroups => "network.security_group",
            Self::SecurityGroupRules => "network.security_group_rule",
        }
    }

    /// The name in the API.
    pub(crate) fn api_name(self) -> &'static str {
        api_name(self.ledger_name())
    }

    const fn default_limit(self, defaults: &QuotaDefaults) -> i64 {
        match self {
            Self::Networks => defaults.networks,
            Self::Subnets => defaults.subnets,
            Self::Ports => defaults.ports,
            Self::Routers => defaults.routers,
            Self::FloatingIps => defaults.floating_ips,
            Self::SecurityGroups => defaults.security_groups,
            Self::SecurityGroupRules => defaults.security_group_rules,
        }
    }
}

/// The API's name of a resource in the ledger.
pub(crate) fn api_name(ledger_name: &'static str) -> &'static str {
    ledger_name.strip_prefix("network.").unwrap_or(ledger_name)
}

impl Network {
    /// Counts one more of the project's resource. What belongs to no project (gateways) is not counted.
    pub(crate) async fn take_quota(
        &self,
        tx: &Tx,
        project_id: &str,
        id: &str,
        resource: Resource,
    ) -> Result<(), QuotaError> {
        if project_id.is_empty() {
            return Ok(());
        }
        take(tx, project_id, id, &[self.want(resource)]).await
    }

    /// Counts one more without asking the limit.
    pub(crate) async fn count_quota(
        &self,
        tx: &Tx,
        project_id: &str,
        id: &str,
        resource: Resource,
    ) -> Result<(), QuotaError> {
        Ok(count(tx, project_id, id, &[self.want(resource)]).await?)
    }

    fn want(&self, resource: Resource) -> Want {
        let default_limit = resource.default_limit(&self.options().quotas);
        Want { resource: resource.ledger_name(), amount: 1, default_limit }
    }
}

fn authorize(cx: &Ctx, project: &str, action: &str) -> Result<(), NetworkError> {
    Ok(cx.allow(action, &Asked::of(project))?)
}

/// The limits of projects that have none of their own.
pub(crate) fn defaults(cx: &Ctx, net: &Network, project: &str) -> Result<BTreeMap<&'static str, i64>, NetworkError> {
    authorize(cx, project, "get_quota")?;
    Ok(Resource::ALL
        .iter()
        .map(|resource| (resource.api_name(), resource.default_limit(&net.options().quotas)))
        .collect())
}

/// A project's limits.
pub(crate) async fn show(cx: &Ctx, net: &Network, project: &str) -> Result<BTreeMap<&'static str, i64>, NetworkError> {
    let mut all = defaults(cx, net, project)?;
    for own in limits(net.db(), Some(project)).await? {
        if let Some(resource) = Resource::ALL.iter().find(|resource| resource.ledger_name() == own.resource) {
            all.insert(resource.api_name(), own.limit);
        }
    }
    Ok(all)
}

/// A project's limits and what it uses.
pub(crate) async fn details(
    cx: &Ctx,
    net: &Network,
    project: &str,
) -> Result<BTreeMap<&'static str, Detail>, NetworkError> {
    let limits = show(cx, net, project).await?;
    let used = usages(net.db(), project).await?;
    let detail = |(name, limit): (&'static str, i64)| {
        let used = used
            .iter()
            .find(|usage| usage.resource.strip_prefix("network.") == Some(name))
            .map_or(0, |usage| usage.used);
        (name, Detail { limit, used, reserved: 0 })
    };
    Ok(limits.into_iter().map(detail).collect())
}

/// All projects with limits of their own.
pub(crate) async fn list(cx: &Ctx, net: &Network) -> Result<Vec<(String, BTreeMap<&'static str, i64>)>, NetworkError> {
    authorize(cx, "-", "get_quota")?;
    let mut projects: Vec<String> = limits(net.db(), None)
        .await?
        .into_iter()
        .filter(|own| Resource::ALL.iter().any(|resource| resource.ledger_name() == own.resource))
        .map(|own| own.project_id)
        .collect();
    projects.dedup();
    let mut all = Vec::with_capacity(projects.len());
    for project in projects {
        let limits = show(cx, net, &project).await?;
        all.push((project, limits));
    }
    Ok(all)
}

/// Gives a project limits of its own.
pub(crate) async fn update(
    cx: &Ctx,
    net: &Network,
    project: &str,
    wanted: &WantedLimits,
) -> Result<BTreeMap<&'static str, i64>, NetworkError> {
    authorize(cx, project, "update_quota")?;
    let mut chosen = Vec::new();
    for (name, limit) in wanted.numbers() {
        let Some(resource) = Resource::ALL.into_iter().find(|resource| resource.api_name() == name) else { continue };
        if !(-1..=2_147_483_647).contains(&limit) {
            return Err(NetworkError::invalid(format!(
                "Invalid input for {name}. Reason: '{limit}' is not between -1 and 2147483647."
            )));
        }
        chosen.push((resource, limit));
    }
    if wanted.check_limit.0 {
        let used = details(cx, net, project).await?;
        for (resource, limit) in &chosen {
            let used = used.get(resource.api_name()).map_or(0, |detail| detail.used);
            if *limit >= 0 && used > *limit {
                let message =
                    format!("Quota limit {limit} of {} is below the current usage {used}.", resource.api_name());
                return Err(NetworkError::bad("InvalidQuotaValue", message));
            }
        }
    }
    let chosen = &chosen;
    net.db()
        .tx(|tx| async move {
            for (resource, limit) in chosen {
                set_limit(&tx, project, resource.ledger_name(), *limit).await?;
            }
            Ok::<_, NetworkError>(())
        })
        .await?;
    show(cx, net, project).await
}

/// Takes a project's own limits away.
pub(crate) async fn delete(cx: &Ctx, net: &Network, project: &str) -> Result<(), NetworkError> {
    authorize(cx, project, "delete_quota")?;
    let had =
        net.db().tx(|tx| async move { Ok::<_, NetworkError>(remove_limits(&tx, project, "network.").await?) }).await?;
    if had {
        return Ok(());
    }
    Err(NetworkError::Missing {
        code: "TenantQuotaNotFound",
        message: format!("Quota for tenant {project} could not be found."),
    })
}
