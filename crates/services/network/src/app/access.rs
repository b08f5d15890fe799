//! Looking a resource up and asking the policy, in one call. What the caller may not see is not there (404); what it may
//! see but not change is forbidden (403).

use ferrostack_auth::Ctx;

use crate::{
    Network,
    error::NetworkError,
    ids::Kind,
    policy::Asked,
    store::{
        self, floating_ip::FloatingIpRow, network::NetworkRow, port::PortRow, router::RouterRow,
        security_group::SecurityGroupRow, security_group_rule::SecurityGroupRuleRow, subnet::SubnetRow,
    },
};

/// Asks whether the resource is seen, then whether `action` is allowed.
pub(crate) fn authorize(
    cx: &Ctx,
    kind: Kind,
    id: &str,
    see: &str,
    action: &str,
    asked: &Asked<'_>,
) -> Result<(), NetworkError> {
    cx.allow(see, asked).map_err(|_| NetworkError::not_found(kind, id))?;
    if action != see {
        cx.allow(action, asked)?;
    }
    Ok(())
}

/// The project of a new resource: the one that the request names, else the caller's.
pub(crate) fn owner(cx: &Ctx, named: Option<String>) -> Result<String, NetworkError> {
    match named.filter(|project| !project.is_empty()) {
        Some(project) => Ok(project),
        None => Ok(cx.require_project()?.to_owned()),
    }
}

/// What the rules know of a network.
pub(crate) fn asked_network(row: &NetworkRow) -> Asked<'_> {
    Asked {
        project_id: &row.project_id,
        network_project_id: Some(&row.project_id),
        shared: row.shared,
        external: row.external,
        device_owner: None,
    }
}

/// What the rules know of a port on a network.
pub(crate) fn asked_port<'a>(row: &'a PortRow, network: &'a NetworkRow) -> Asked<'a> {
    Asked { project_id: &row.project_id, device_owner: Some(&row.device_owner), ..asked_network(network) }
}

fn parse<T: std::str::FromStr>(kind: Kind, id: &str) -> Result<T, NetworkError> {
    id.parse().map_err(|_| NetworkError::not_found(kind, id))
}

impl Network {
    /// The network, for `action`.
    pub(crate) async fn find_network(&self, cx: &Ctx, id: &str, action: &str) -> Result<NetworkRow, NetworkError> {
        let row = store::network::find(self.db(), parse(Kind::Network, id)?).await?;
        let row = row.ok_or_else(|| NetworkError::not_found(Kind::Network, id))?;
        authorize(cx, Kind::Network, id, "get_network", action, &asked_network(&row))?;
        Ok(row)
    }

    /// The subnet with its network, for `action`.
    pub(crate) async fn find_subnet(
        &self,
        cx: &Ctx,
        id: &str,
        action: &str,
    ) -> Result<(SubnetRow, NetworkRow), NetworkError> {
        let missing = || NetworkError::not_found(Kind::Subnet, id);
        let row = store::subnet::find(self.db(), parse(Kind::Subnet, id)?).await?.ok_or_else(missing)?;
        let network = store::network::find(self.db(), row.network_id).await?.ok_or_else(missing)?;
        let asked = Asked { project_id: &row.project_id, ..asked_network(&network) };
        authorize(cx, Kind::Subnet, id, "get_subnet", action, &asked)?;
        Ok((row, network))
    }

    /// The port, for `action`.
    pub(crate) async fn find_port(&self, cx: &Ctx, id: &str, action: &str) -> Result<PortRow, NetworkError> {
        let missing = || NetworkError::not_found(Kind::Port, id);
        let row = store::port::find(self.db(), parse(Kind::Port, id)?).await?.ok_or_else(missing)?;
        let own = Asked { device_owner: Some(&row.device_owner), ..Asked::of(&row.project_id) };
        // The network matters only when the port's own project does not suffice.
        if authorize(cx, Kind::Port, id, "get_port", action, &own).is_err() {
            let network = store::network::find(self.db(), row.network_id).await?.ok_or_else(missing)?;
            authorize(cx, Kind::Port, id, "get_port", action, &asked_port(&row, &network))?;
        }
        Ok(row)
    }

    /// The router, for `action`.
    pub(crate) async fn find_router(&self, cx: &Ctx, id: &str, action: &str) -> Result<RouterRow, NetworkError> {
        let row = store::router::find(self.db(), parse(Kind::Router, id)?).await?;
        let row = row.ok_or_else(|| NetworkError::not_found(Kind::Router, id))?;
        authorize(cx, Kind::Router, id, "get_router", action, &Asked::of(&row.project_id))?;
        Ok(row)
    }

    /// The floating IP, for `action`.
    pub(crate) async fn find_floating_ip(
        &self,
        cx: &Ctx,
        id: &str,
        action: &str,
    ) -> Result<FloatingIpRow, NetworkError> {
        let row = store::floating_ip::find(self.db(), parse(Kind::FloatingIp, id)?).await?;
        let row = row.ok_or_else(|| NetworkError::not_found(Kind::FloatingIp, id))?;
        authorize(cx, Kind::FloatingIp, id, "get_floatingip", action, &Asked::of(&row.project_id))?;
        Ok(row)
    }

    /// The security group, for `action`.
    pub(crate) async fn find_security_group(
        &self,
        cx: &Ctx,
        id: &str,
        action: &str,
    ) -> Result<SecurityGroupRow, NetworkError> {
        let row = store::security_group::find(self.db(), parse(Kind::SecurityGroup, id)?).await?;
        let row = row.ok_or_else(|| NetworkError::not_found(Kind::SecurityGroup, id))?;
        authorize(cx, Kind::SecurityGroup, id, "get_security_group", action, &Asked::of(&row.project_id))?;
        Ok(row)
    }

    /// The security group rule, for `action`.
    pub(crate) async fn find_security_group_rule(
        &self,
        cx: &Ctx,
        id: &str,
        action: &str,
    ) -> Result<SecurityGroupRuleRow, NetworkError> {
        let row = store::security_group_rule::find(self.db(), parse(Kind::SecurityGroupRule, id)?).await?;
        let row = row.ok_or_else(|| NetworkError::not_found(Kind::SecurityGroupRule, id))?;
        authorize(cx, Kind::SecurityGroupRule, id, "get_security_group_rule", action, &Asked::of(&row.project_id))?;
        Ok(row)
    }
}
