//! The tables. Attributes that lists show come from the resource's own row, also where a side table has them once more
//! for uniqueness and look-up (a port's addresses and security groups, tags): a list is one statement.

use ferrostack_db::{Migrations, migrations};

/// All tables of the service.
pub const MIGRATIONS: Migrations = migrations!("network";
    "CREATE TABLE IF NOT EXISTS network (id VARCHAR(36) NOT NULL PRIMARY KEY, project_id VARCHAR(255) NOT NULL, \
     name VARCHAR(255) NOT NULL, description VARCHAR(255) NOT NULL, admin_state_up BIGINT NOT NULL, \
     shared BIGINT NOT NULL, external BIGINT NOT NULL, is_default BIGINT NOT NULL, mtu BIGINT NOT NULL, \
     port_security_enabled BIGINT NOT NULL, network_type VARCHAR(32) NOT NULL, physical_network VARCHAR(64) NOT NULL, \
     segmentation_id BIGINT, dns_domain VARCHAR(255) NOT NULL, subnets MEDIUMTEXT NOT NULL, tags MEDIUMTEXT NOT NULL, \
     revision BIGINT NOT NULL, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS network_project ON network (project_id)",
    "CREATE INDEX IF NOT EXISTS network_name ON network (name)",
    "CREATE INDEX IF NOT EXISTS network_external ON network (external)",
    "CREATE INDEX IF NOT EXISTS network_shared ON network (shared)",
    "CREATE TABLE IF NOT EXISTS network_segment (network_type VARCHAR(32) NOT NULL, physical_network VARCHAR(64) NOT NULL, \
     segmentation_id BIGINT NOT NULL, network_id VARCHAR(36) NOT NULL, \
     PRIMARY KEY (network_type, physical_network, segmentation_id))",
    "CREATE INDEX IF NOT EXISTS network_segment_network ON network_segment (network_id)",
    "CREATE TABLE IF NOT EXISTS subnet (id VARCHAR(36) NOT NULL PRIMARY KEY, project_id VARCHAR(255) NOT NULL, \
     network_id VARCHAR(36) NOT NULL, name VARCHAR(255) NOT NULL, description VARCHAR(255) NOT NULL, \
     ip_version BIGINT NOT NULL, cidr VARCHAR(64) NOT NULL, gateway_ip VARCHAR(45), enable_dhcp BIGINT NOT NULL, \
     ipv6_ra_mode VARCHAR(32), ipv6_address_mode VARCHAR(32), allocation_pools MEDIUMTEXT NOT NULL, \
     dns_nameservers MEDIUMTEXT NOT NULL, host_routes MEDIUMTEXT NOT NULL, tags MEDIUMTEXT NOT NULL, \
     revision BIGINT NOT NULL, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL, \
     FOREIGN KEY (network_id) REFERENCES network (id))",
    "CREATE INDEX IF NOT EXISTS subnet_network ON subnet (network_id)",
    "CREATE INDEX IF NOT EXISTS subnet_project ON subnet (project_id)",
    "CREATE INDEX IF NOT EXISTS subnet_name ON subnet (name)",
    "CREATE INDEX IF NOT EXISTS subnet_cidr ON subnet (cidr)",
    "CREATE TABLE IF NOT EXISTS port (id VARCHAR(36) NOT NULL PRIMARY KEY, project_id VARCHAR(255) NOT NULL, \
     network_id VARCHAR(36) NOT NULL, name VARCHAR(255) NOT NULL, description VARCHAR(255) NOT NULL, \
     mac_address VARCHAR(32) NOT NULL, admin_state_up BIGINT NOT NULL, status VARCHAR(16) NOT NULL, \
     device_id VARCHAR(255) NOT NULL, device_owner VARCHAR(255) NOT NULL, fixed_ips MEDIUMTEXT NOT NULL, \
     security_groups MEDIUMTEXT NOT NULL, port_security_enabled BIGINT NOT NULL, \
     allowed_address_pairs MEDIUMTEXT NOT NULL, extra_dhcp_opts MEDIUMTEXT NOT NULL, binding_host VARCHAR(255) NOT NULL, \
     binding_vnic_type VARCHAR(32) NOT NULL, binding_profile MEDIUMTEXT NOT NULL, dns_name VARCHAR(255) NOT NULL, \
     tags MEDIUMTEXT NOT NULL, revision BIGINT NOT NULL, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL, \
     FOREIGN KEY (network_id) REFERENCES network (id))",
    "CREATE UNIQUE INDEX IF NOT EXISTS port_mac ON port (network_id, mac_address)",
    "CREATE INDEX IF NOT EXISTS port_project ON port (project_id)",
    "CREATE INDEX IF NOT EXISTS port_name ON port (name)",
    "CREATE INDEX IF NOT EXISTS port_device ON port (device_id)",
    "CREATE INDEX IF NOT EXISTS port_device_owner ON port (device_owner)",
    "CREATE INDEX IF NOT EXISTS port_mac_alone ON port (mac_address)",
    "CREATE INDEX IF NOT EXISTS port_host ON port (binding_host)",
    "CREATE TABLE IF NOT EXISTS ip_allocation (subnet_id VARCHAR(36) NOT NULL, ip_key VARCHAR(32) NOT NULL, \
     ip VARCHAR(45) NOT NULL, port_id VARCHAR(36) NOT NULL, PRIMARY KEY (subnet_id, ip_key), \
     FOREIGN KEY (subnet_id) REFERENCES subnet (id))",
    "CREATE INDEX IF NOT EXISTS ip_allocation_port ON ip_allocation (port_id)",
    "CREATE INDEX IF NOT EXISTS ip_allocation_ip ON ip_allocation (ip)",
    "CREATE TABLE IF NOT EXISTS security_group (id VARCHAR(36) NOT NULL PRIMARY KEY, project_id VARCHAR(255) NOT NULL, \
     name VARCHAR(255) NOT NULL, description VARCHAR(255) NOT NULL, stateful BIGINT NOT NULL, tags MEDIUMTEXT NOT NULL, \
     revision BIGINT NOT NULL, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS security_group_project ON security_group (project_id)",
    "CREATE INDEX IF NOT EXISTS security_group_name ON security_group (name)",
    "CREATE TABLE IF NOT EXISTS default_security_group (project_id VARCHAR(255) NOT NULL PRIMARY KEY, \
     group_id VARCHAR(36) NOT NULL)",
    "CREATE INDEX IF NOT EXISTS default_security_group_group ON default_security_group (group_id)",
    "CREATE TABLE IF NOT EXISTS security_group_rule (id VARCHAR(36) NOT NULL PRIMARY KEY, \
     project_id VARCHAR(255) NOT NULL, group_id VARCHAR(36) NOT NULL, direction VARCHAR(8) NOT NULL, \
     ethertype VARCHAR(4) NOT NULL, protocol VARCHAR(40), port_range_min BIGINT, port_range_max BIGINT, \
     remote_ip_prefix VARCHAR(64), remote_group_id VARCHAR(36), description VARCHAR(255) NOT NULL, \
     revision BIGINT NOT NULL, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL, \
     FOREIGN KEY (group_id) REFERENCES security_group (id))",
    "CREATE INDEX IF NOT EXISTS security_group_rule_group ON security_group_rule (group_id)",
    "CREATE INDEX IF NOT EXISTS security_group_rule_project ON security_group_rule (project_id)",
    "CREATE INDEX IF NOT EXISTS security_group_rule_remote ON security_group_rule (remote_group_id)",
    "CREATE TABLE IF NOT EXISTS port_security_group (port_id VARCHAR(36) NOT NULL, group_id VARCHAR(36) NOT NULL, \
     PRIMARY KEY (port_id, group_id), FOREIGN KEY (group_id) REFERENCES security_group (id))",
    "CREATE INDEX IF NOT EXISTS port_security_group_group ON port_security_group (group_id)",
    "CREATE TABLE IF NOT EXISTS router (id VARCHAR(36) NOT NULL PRIMARY KEY, project_id VARCHAR(255) NOT NULL, \
     name VARCHAR(255) NOT NULL, description VARCHAR(255) NOT NULL, admin_state_up BIGINT NOT NULL, \
     gateway_network_id VARCHAR(36), gateway_port_id VARCHAR(36), enable_snat BIGINT NOT NULL, \
     external_fixed_ips MEDIUMTEXT NOT NULL, routes MEDIUMTEXT NOT NULL, tags MEDIUMTEXT NOT NULL, \
     revision BIGINT NOT NULL, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL, \
     FOREIGN KEY (gateway_network_id) REFERENCES network (id))",
    "CREATE INDEX IF NOT EXISTS router_project ON router (project_id)",
    "CREATE INDEX IF NOT EXISTS router_name ON router (name)",
    "CREATE INDEX IF NOT EXISTS router_gateway_network ON router (gateway_network_id)",
    "CREATE TABLE IF NOT EXISTS floating_ip (id VARCHAR(36) NOT NULL PRIMARY KEY, project_id VARCHAR(255) NOT NULL, \
     floating_network_id VARCHAR(36) NOT NULL, floating_port_id VARCHAR(36) NOT NULL, \
     floating_ip_address VARCHAR(45) NOT NULL, port_id VARCHAR(36), fixed_ip_address VARCHAR(45), router_id VARCHAR(36), \
     description VARCHAR(255) NOT NULL, tags MEDIUMTEXT NOT NULL, revision BIGINT NOT NULL, created_us BIGINT NOT NULL, \
     updated_us BIGINT NOT NULL, FOREIGN KEY (floating_network_id) REFERENCES network (id), \
     FOREIGN KEY (router_id) REFERENCES router (id))",
    "CREATE UNIQUE INDEX IF NOT EXISTS floating_ip_fixed ON floating_ip (port_id, fixed_ip_address)",
    "CREATE INDEX IF NOT EXISTS floating_ip_project ON floating_ip (project_id)",
    "CREATE INDEX IF NOT EXISTS floating_ip_router ON floating_ip (router_id)",
    "CREATE INDEX IF NOT EXISTS floating_ip_network ON floating_ip (floating_network_id)",
    "CREATE INDEX IF NOT EXISTS floating_ip_address ON floating_ip (floating_ip_address)",
    "CREATE TABLE IF NOT EXISTS network_tag (resource_id VARCHAR(36) NOT NULL, tag VARCHAR(255) NOT NULL, \
     PRIMARY KEY (resource_id, tag))",
    "CREATE INDEX IF NOT EXISTS network_tag_tag ON network_tag (tag)",
    "CREATE TABLE IF NOT EXISTS network_sync (id VARCHAR(36) NOT NULL PRIMARY KEY, kind VARCHAR(32) NOT NULL, \
     resource_id VARCHAR(36) NOT NULL, revision BIGINT NOT NULL)",
);
