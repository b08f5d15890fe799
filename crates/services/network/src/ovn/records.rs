//! What the database says of some resources, and of what their rows depend on: one query per table.

use std::collections::{BTreeSet, HashMap};

use ferrostack_db::{DbError, Read, Sql};
use ferrostack_ovn::{
    Contents, Table,
    northbound::{DhcpOptions, LogicalRouter, LogicalSwitch, PortGroup},
};
use uuid::Uuid;

use super::{
    Owner, translate_deployment, translate_floating_ip, translate_network, translate_port, translate_router,
    translate_security_group, translate_subnet, wanted::Translation,
};
use crate::{
    Network,
    app::metadata_port,
    error::NetworkError,
    ids::{FloatingIpId, Kind, NetworkId, PortId, RouterId, SecurityGroupId, SecurityGroupRuleId, SubnetId},
    options::NetworkOptions,
    store::{
        self, floating_ip::FloatingIpRow, network::NetworkRow, port::PortRow, router::RouterRow,
        security_group::SecurityGroupRow, security_group_rule::SecurityGroupRuleRow, subnet::SubnetRow,
    },
};

/// Records, and whose rows they are about.
#[derive(Debug, Default)]
pub(super) struct Records {
    owners: BTreeSet<Owner>,
    networks: HashMap<NetworkId, NetworkRow>,
    subnets: HashMap<SubnetId, SubnetRow>,
    pub(super) ports: HashMap<PortId, PortRow>,
    /// Metadata ports of the networks.
    metadata: HashMap<NetworkId, PortRow>,
    routers: HashMap<RouterId, RouterRow>,
    router_ports: HashMap<RouterId, Vec<PortRow>>,
    floating_ips: HashMap<FloatingIpId, FloatingIpRow>,
    groups: HashMap<SecurityGroupId, SecurityGroupRow>,
    rules: HashMap<SecurityGroupId, Vec<SecurityGroupRuleRow>>,
}

impl Records {
    /// Reads what is about these owners. Whatever their rows refer to and the Northbound database does not have yet is
    /// added to them: a port is never without its switch, whatever came first.
    pub(super) async fn load(network: &Network, owners: &[Owner]) -> Result<Self, NetworkError> {
        let db = network.db();
        let mut all = Self { owners: owners.iter().copied().collect(), ..Self::default() };
        for id in all.ids(Kind::SecurityGroupRule, SecurityGroupRuleId) {
            if let Some(rule) = store::security_group_rule::find(db, id).await? {
                all.add(Kind::SecurityGroup, rule.group_id.0);
            }
        }
        for id in ports_with_options(db, &all.ids(Kind::Subnet, SubnetId)).await? {
            all.add(Kind::Port, id);
        }
        all.ports = keyed(store::port::find_many(db, &all.ids(Kind::Port, PortId)).await?, |row| row.id);
        all.floating_ips =
            keyed(store::floating_ip::find_many(db, &all.ids(Kind::FloatingIp, FloatingIpId)).await?, |row| row.id);
        let needed = network.northbound().replica().read(|contents| all.missing(contents, network.options()));
        all.owners.extend(needed);

        all.routers = keyed(store::router::find_many(db, &all.ids(Kind::Router, RouterId)).await?, |row| row.id);
        let devices: Vec<String> = all.routers.keys().map(ToString::to_string).collect();
        for port in store::port::list_of_devices(db, &devices).await?.into_iter().filter(PortRow::is_router_port) {
            if let Ok(router) = port.device_id.parse() {
                all.router_ports.entry(router).or_default().push(port);
            }
        }
        all.load_subnets(db).await?;
        let needed = network.northbound().replica().read(|contents| all.missing_answers(contents));
        all.owners.extend(needed);
        all.load_networks(db).await?;

        let groups = all.ids(Kind::SecurityGroup, SecurityGroupId);
        all.groups = keyed(store::security_group::find_many(db, &groups).await?, |row| row.id);
        for rule in store::security_group_rule::list_of_groups(db, &groups).await? {
            all.rules.entry(rule.group_id).or_default().push(rule);
        }
        Ok(all)
    }

    /// What is wanted of each owner; of one that is gone, nothing.
    pub(super) fn translate(&self, options: &NetworkOptions) -> Vec<Translation> {
        self.owners
            .iter()
            .map(|owner| self.translate_one(*owner, options).unwrap_or_else(|| Translation::new(*owner, Vec::new())))
            .collect()
    }

    fn translate_one(&self, owner: Owner, options: &NetworkOptions) -> Option<Translation> {
        let Owner::Resource(kind, id) = owner else { return Some(translate_deployment::translate(options)) };
        match kind {
            Kind::Network => self.networks.get(&NetworkId(id)).map(translate_network::translate),
            Kind::Subnet => {
                let subnet = self.subnets.get(&SubnetId(id))?;
                let network = self.networks.get(&subnet.network_id)?;
                let metadata = self.metadata.get(&subnet.network_id);
                Some(translate_subnet::translate(subnet, translate_subnet::Around { network, metadata, options }))
            }
            Kind::Port => {
                let port = self.ports.get(&PortId(id))?;
                let network = self.networks.get(&port.network_id)?;
                Some(translate_port::translate(
                    port,
                    translate_port::Around {
                        network,
                        metadata: self.metadata.get(&port.network_id),
                        subnets: &self.subnets,
                        options,
                    },
                ))
            }
            Kind::Router => {
                let router = self.routers.get(&RouterId(id))?;
                let ports = self.router_ports.get(&router.id).map_or(&[][..], Vec::as_slice);
                let Self { subnets, networks, metadata, .. } = self;
                let physical_networks = &options.physical_networks;
                let around = translate_router::Around { ports, subnets, networks, metadata, physical_networks };
                Some(translate_router::translate(router, around))
            }
            Kind::FloatingIp => self.floating_ips.get(&FloatingIpId(id)).map(translate_floating_ip::translate),
            Kind::SecurityGroup => {
                let group = self.groups.get(&SecurityGroupId(id))?;
                let rules = self.rules.get(&group.id).map_or(&[][..], Vec::as_slice);
                Some(translate_security_group::translate(group, rules))
            }
            Kind::SecurityGroupRule => None,
        }
    }

    fn add(&mut self, kind: Kind, id: Uuid) {
        self.owners.insert(Owner::Resource(kind, id));
    }

    fn ids<T>(&self, kind: Kind, id: impl Fn(Uuid) -> T) -> Vec<T> {
        let of_kind = |owner: &Owner| match owner {
            Owner::Resource(own, uuid) if *own == kind => Some(id(*uuid)),
            _ => None,
        };
        self.owners.iter().filter_map(of_kind).collect()
    }

    /// Owners of rows that ports, floating IPs and routers refer to, where the rows are missing.
    fn missing(&self, contents: &Contents, options: &NetworkOptions) -> Vec<Owner> {
        let mut wanted: BTreeSet<(&str, Kind, Uuid)> = BTreeSet::new();
        for port in self.ports.values().filter(|port| translate_port::is_in_ovn(port)) {
            wanted.insert((LogicalSwitch::TABLE, Kind::Network, port.network_id.0));
            wanted.extend(port.security_groups.iter().map(|group| (PortGroup::TABLE, Kind::SecurityGroup, group.0)));
        }
        let through = self.floating_ips.values().filter_map(|row| row.association);
        wanted.extend(through.map(|to| (LogicalRouter::TABLE, Kind::Router, to.router_id.0)));
        let absent = wanted.into_iter().filter(|(table, _, id)| contents.row(table, *id).is_none());
        let mut owners: Vec<Owner> = absent.map(|(_, kind, id)| Owner::Resource(kind, id)).collect();
        if translate_deployment::foundations(options).any(|(table, uuid)| contents.row(table, uuid).is_none()) {
            owners.push(Owner::Deployment);
        }
        owners
    }

    /// Subnets whose DHCP answers are missing.
    fn missing_answers(&self, contents: &Contents) -> Vec<Owner> {
        let subnets = self.ports.values().flat_map(|port| {
            [4, 6].into_iter().filter_map(|version| translate_port::dhcp_subnet(port, &self.subnets, version))
        });
        let absent = subnets.filter(|subnet| contents.row(DhcpOptions::TABLE, subnet.id.0).is_none());
        absent.map(|subnet| Owner::Resource(Kind::Subnet, subnet.id.0)).collect()
    }

    async fn load_subnets(&mut self, db: &impl Read) -> Result<(), DbError> {
        let mut ids: BTreeSet<SubnetId> = self.ids(Kind::Subnet, SubnetId).into_iter().collect();
        let ports = self.ports.values().chain(self.router_ports.values().flatten());
        ids.extend(ports.flat_map(|port| port.fixed_ips.iter().map(|ip| ip.subnet_id)));
        let ids: Vec<SubnetId> = ids.into_iter().collect();
        self.subnets = keyed(store::subnet::find_many(db, &ids).await?, |row| row.id);
        Ok(())
    }

    async fn load_networks(&mut self, db: &impl Read) -> Result<(), DbError> {
        let mut ids: BTreeSet<NetworkId> = self.ids(Kind::Network, NetworkId).into_iter().collect();
        let ports = self.ports.values().chain(self.router_ports.values().flatten());
        ids.extend(ports.map(|port| port.network_id));
        ids.extend(self.subnets.values().map(|subnet| subnet.network_id));
        let ids: Vec<NetworkId> = ids.into_iter().collect();
        self.networks = keyed(store::network::find_many(db, &ids).await?, |row| row.id);
        let ids: Vec<PortId> = ids.into_iter().map(metadata_port::id_of).collect();
        self.metadata = keyed(store::port::find_many(db, &ids).await?, |row| row.network_id);
        Ok(())
    }
}

fn keyed<K: std::hash::Hash + Eq, T>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, T> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

/// Ports that have DHCP options of their own, made from those of one of these subnets.
async fn ports_with_options(db: &impl Read, subnets: &[SubnetId]) -> Result<Vec<Uuid>, DbError> {
    if subnets.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "SELECT id FROM port WHERE extra_dhcp_opts <> '[]' AND id IN (SELECT port_id FROM ip_allocation WHERE 1 = 1",
    );
    sql.and_in("subnet_id", subnets).push(")");
    Ok(db.list::<Id>(sql).await?.into_iter().map(|id| id.0).collect())
}

/// A row of one id.
pub(super) struct Id(pub(super) Uuid);

impl ferrostack_db::FromRow for Id {
    fn from_row(row: &ferrostack_db::Row) -> Result<Self, DbError> {
        row.at(0).map(Self)
    }
}
