//! From settings to what each service wants to know.

use std::time::Duration;

use ferrostack_compute::{ComputeOptions, Quotas};
use ferrostack_config::Settings;
use ferrostack_identity::IdentityOptions;
use ferrostack_image::ImageOptions;
use ferrostack_network::{NetworkOptions, QuotaDefaults};
use ferrostack_saga::SagaOptions;

use super::world::World;

/// Where the metadata service is, for the proxies of nodes.
pub(super) const METADATA: &str = "/metadata";
/// Where consoles are shown in browsers.
pub(super) const CONSOLE: &str = "/console";

/// The base of all links, or none: then links follow the client's own address.
fn public_url(settings: &Settings) -> String {
    settings.api.public_url.as_str().trim_end_matches('/').to_owned()
}

pub(super) fn identity(settings: &Settings) -> IdentityOptions {
    IdentityOptions {
        token_expiration: Duration::from_secs(settings.identity.token_expiration_s),
        public_url: Some(public_url(settings)),
        ..IdentityOptions::default()
    }
}

pub(super) fn image(settings: &Settings) -> ImageOptions {
    let count = |limit: i64| usize::try_from(limit).unwrap_or(usize::MAX);
    ImageOptions {
        size_cap: settings.image.size_cap_bytes,
        public_url: Some(format!("{}/image", public_url(settings))),
        image_property_quota: count(settings.image.property_quota),
        image_tag_quota: count(settings.image.tag_quota),
        ..ImageOptions::new(settings.image.store_dir.clone())
    }
}

pub(super) fn network(settings: &Settings) -> NetworkOptions {
    let network = &settings.network;
    NetworkOptions {
        physical_mtu: network.physical_mtu,
        geneve_overhead: network.geneve_overhead,
        dns_domain: network.dns_domain.as_str().to_owned(),
        base_mac: network.base_mac.0,
        physical_networks: network.physical_networks.clone(),
        dhcp_lease_s: network.dhcp_lease_s,
        quotas: QuotaDefaults {
            networks: network.quota_networks,
            subnets: network.quota_subnets,
            ports: network.quota_ports,
            routers: network.quota_routers,
            floating_ips: network.quota_floating_ips,
            security_groups: network.quota_security_groups,
            security_group_rules: network.quota_security_group_rules,
        },
        public_url: Some(public_url(settings)),
        ..NetworkOptions::default()
    }
}

pub(super) fn compute(settings: &Settings, world: &World) -> ComputeOptions {
    let compute = &settings.compute;
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    ComputeOptions {
        public_url: Some(public_url(settings)),
        cpu_allocation_ratio: compute.cpu_allocation_ratio,
        ram_allocation_ratio: compute.ram_allocation_ratio,
        disk_allocation_ratio: compute.disk_allocation_ratio,
        reserved_host_cpus: i64::from(compute.reserved_host_cpus),
        reserved_host_memory_mb: whole(compute.reserved_host_memory_mb),
        reserved_host_disk_mb: whole(compute.reserved_host_disk_mb),
        vif_plugging_timeout: Duration::from_secs(compute.vif_plugging_timeout_s),
        build_timeout: Duration::from_secs(compute.build_timeout_s),
        max_build_attempts: compute.max_build_attempts as usize,
        max_candidates: compute.max_candidates as usize,
        list_limit: compute.list_limit as usize,
        quotas: Quotas {
            instances: compute.quota_instances,
            cores: compute.quota_cores,
            ram_mb: compute.quota_ram_mb,
            key_pairs: compute.quota_key_pairs,
            metadata_items: compute.quota_metadata_items,
            server_groups: compute.quota_server_groups,
            server_group_members: compute.quota_server_group_members,
        },
        node_down_after: Duration::from_secs(settings.agent.down_after_s),
        shutdown_timeout: Duration::from_secs(compute.shutdown_timeout_s),
        force_config_drive: compute.force_config_drive,
        dhcp_domain: settings.network.dns_domain.as_str().to_owned(),
        metadata_secret: world.metadata_secret.clone(),
        metadata_prefix: METADATA.to_owned(),
        console_prefix: CONSOLE.to_owned(),
        console_token_ttl: Duration::from_secs(compute.console_token_ttl_s),
        novnc_dir: compute.novnc_dir.clone(),
        ..ComputeOptions::default()
    }
}

pub(super) fn saga(settings: &Settings, node: &str) -> SagaOptions {
    SagaOptions {
        node: node.to_owned(),
        renew: Duration::from_secs(settings.controller.lease_renew_s),
        lapse: Duration::from_secs(settings.controller.lease_lapse_s),
    }
}
