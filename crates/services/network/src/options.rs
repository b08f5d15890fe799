//! What an operator can set.

use std::time::Duration;

/// Limits of projects that have none of their own; -1 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaDefaults {
    /// Networks.
    pub networks: i64,
    /// Subnets.
    pub subnets: i64,
    /// Ports.
    pub ports: i64,
    /// Routers.
    pub routers: i64,
    /// Floating IPs.
    pub floating_ips: i64,
    /// Security groups.
    pub security_groups: i64,
    /// Rules in all security groups.
    pub security_group_rules: i64,
}

/// Settings of the network service.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Largest packet of the physical network, in bytes.
    pub physical_mtu: u32,
    /// What Geneve takes of each packet, in bytes.
    pub geneve_overhead: u32,
    /// Domain of the names of ports, without a final dot.
    pub dns_domain: String,
    /// The front half of new MAC addresses.
    pub base_mac: [u8; 3],
    /// Physical networks that provider networks may name.
    pub physical_networks: Vec<String>,
    /// Lease of addresses by DHCP, in seconds.
    pub dhcp_lease_s: u64,
    /// How often the chassis are asked for a sign of life.
    pub chassis_probe: Duration,
    /// How long a chassis may owe one until it is taken for dead; at least twice the above.
    pub chassis_down_after: Duration,
    /// Limits.
    pub quotas: QuotaDefaults,
    /// `http://host:port` for links; none = as the client asked.
    pub public_url: Option<String>,
    /// The path at which the service is mounted, for links.
    pub prefix: String,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            physical_mtu: 1500,
            geneve_overhead: 58,
            dns_domain: "openstacklocal".to_owned(),
            base_mac: [0xfa, 0x16, 0x3e],
            physical_networks: vec!["public".to_owned()],
            dhcp_lease_s: 86_400,
            chassis_probe: Duration::from_secs(10),
            chassis_down_after: Duration::from_secs(40),
            quotas: QuotaDefaults {
                networks: 100,
                subnets: 100,
                ports: 500,
                routers: 10,
                floating_ips: 50,
                security_groups: 10,
                security_group_rules: 100,
            },
            public_url: None,
            prefix: "/network".to_owned(),
        }
    }
}
