//! Records for tests.

use std::collections::BTreeMap;

use ferrostack_base::Timestamp;
use ferrostack_ovn::Table;
use uuid::Uuid;

use super::wanted::Translation;
use crate::{
    app::port::DOWN,
    ids::{FloatingIpId, NetworkId, PortId, RouterId, SecurityGroupId, SecurityGroupRuleId, SubnetId},
    store::{
        Standard,
        floating_ip::FloatingIpRow,
        network::NetworkRow,
        port::{PortAddress, PortRow},
        router::RouterRow,
        security_group::SecurityGroupRow,
        security_group_rule::SecurityGroupRuleRow,
        subnet::SubnetRow,
    },
};

pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn standard() -> Standard {
    Standard::new(String::new(), Timestamp::from_micros(1))
}

pub(super) fn network(number: u128) -> NetworkRow {
    NetworkRow {
        id: NetworkId(id(number)),
        project_id: "p".into(),
        name: "net".into(),
        admin_state_up: true,
        shared: false,
        external: false,
        is_default: false,
        mtu: 1442,
        port_security_enabled: true,
        network_type: "geneve".into(),
        physical_network: String::new(),
        segmentation_id: Some(1),
        dns_domain: String::new(),
        subnets: Vec::new(),
        standard: standard(),
    }
}

/// The gateway is the first address.
pub(super) fn subnet(number: u128, network: u128, cidr: &str) -> SubnetRow {
    let cidr: ipnet::IpNet = cidr.parse().unwrap();
    SubnetRow {
        id: SubnetId(id(number)),
        project_id: "p".into(),
        network_id: NetworkId(id(network)),
        name: "subnet".into(),
        cidr,
        gateway_ip: cidr.hosts().find(|ip| *ip != cidr.network()),
        enable_dhcp: true,
        ipv6_ra_mode: None,
        ipv6_address_mode: None,
        allocation_pools: Vec::new(),
        dns_nameservers: Vec::new(),
        host_routes: Vec::new(),
        standard: standard(),
    }
}

/// A port of a server with addresses of subnets.
pub(super) fn port(number: u128, network: u128, ips: &[(u128, &str)]) -> PortRow {
    let tail = number.to_be_bytes();
    PortRow {
        id: PortId(id(number)),
        project_id: "p".into(),
        network_id: NetworkId(id(network)),
        name: "port".into(),
        mac_address: format!("fa:16:3e:{:02x}:{:02x}:{:02x}", tail[13], tail[14], tail[15]),
        admin_state_up: true,
        status: DOWN.into(),
        device_id: String::new(),
        device_owner: "compute:nova".into(),
        fixed_ips: ips
            .iter()
            .map(|(subnet, ip)| PortAddress { subnet_id: SubnetId(id(*subnet)), ip_address: ip.parse().unwrap() })
            .collect(),
        security_groups: Vec::new(),
        port_security_enabled: true,
        allowed_address_pairs: Vec::new(),
        extra_dhcp_opts: Vec::new(),
        binding_host: String::new(),
        binding_vnic_type: "normal".into(),
        binding_profile: BTreeMap::new(),
        dns_name: String::new(),
        standard: standard(),
    }
}

pub(super) fn router(number: u128) -> RouterRow {
    RouterRow {
        id: RouterId(id(number)),
        project_id: "p".into(),
        name: "router".into(),
        admin_state_up: true,
        gateway: None,
        enable_snat: true,
        routes: Vec::new(),
        standard: standard(),
    }
}

pub(super) fn floating_ip(number: u128, network: u128, ip: &str) -> FloatingIpRow {
    FloatingIpRow {
        id: FloatingIpId(id(number)),
        project_id: "p".into(),
        floating_network_id: NetworkId(id(network)),
        floating_port_id: PortId(id(number + 1000)),
        floating_ip_address: ip.parse().unwrap(),
        association: None,
        standard: standard(),
    }
}

pub(super) fn security_group(number: u128) -> SecurityGroupRow {
    SecurityGroupRow {
        id: SecurityGroupId(id(number)),
        project_id: "p".into(),
        name: "group".into(),
        stateful: true,
        standard: standard(),
    }
}

/// A rule that allows all IPv4 to come in.
pub(super) fn rule(number: u128, group: u128) -> SecurityGroupRuleRow {
    SecurityGroupRuleRow {
        id: SecurityGroupRuleId(id(number)),
        project_id: "p".into(),
        group_id: SecurityGroupId(id(group)),
        direction: "ingress".into(),
        ethertype: "IPv4".into(),
        protocol: None,
        port_range_min: None,
        port_range_max: None,
        remote_ip_prefix: None,
        remote_group_id: None,
        standard: standard(),
    }
}

/// The wanted row of that identifier.
pub(super) fn typed<T: Table>(translation: &Translation, uuid: Uuid) -> T {
    let row = translation.rows.iter().find(|row| row.row.table() == T::TABLE && row.uuid == uuid);
    T::from_row(&row.expect("the row is wanted").row.to_row()).unwrap()
}

/// All wanted rows of a table.
pub(super) fn all<T: Table>(translation: &Translation) -> Vec<T> {
    let rows = translation.rows.iter().filter(|row| row.row.table() == T::TABLE);
    rows.map(|row| T::from_row(&row.row.to_row()).unwrap()).collect()
}
