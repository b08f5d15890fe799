//! What a new cloud comes with. Every start asks for it again and finds it.

use ferrostack_base::Secret;
use ferrostack_compute::NewFlavor;
use ferrostack_config::Settings;
use ferrostack_identity::{BootstrapSpec, Bootstrapped, CatalogEntry};
use ferrostack_image::{ContainerFormat, GuestImage, ImageSource, ensure_image};
use ferrostack_image_format::DiskFormat;
use ferrostack_network::{PublicNetwork, ensure_public_network};

use super::{
    clouds_yaml::{self, Login},
    services::Services,
};
use crate::{process::Role, secrets};

/// Id, name, virtual CPUs, memory in MiB and disk in GiB of the flavors.
const FLAVORS: [(&str, &str, i64, i64, i64); 6] = [
    ("42", "m1.nano", 1, 96, 1),
    ("84", "m1.micro", 1, 192, 1),
    ("1", "m1.tiny", 1, 512, 1),
    ("2", "m1.small", 1, 2048, 20),
    ("3", "m1.medium", 2, 4096, 40),
    ("4", "m1.large", 4, 8192, 80),
];

/// The guest image of a simulated cloud: simulated nodes boot anything, so a mebibyte of zeros will do.
const SIMULATED_IMAGE_BYTES: usize = 1 << 20;

/// The services and their paths below the one address.
const CATALOG: [(&str, &str, &str); 5] = [
    ("identity", "keystone", "/identity"),
    ("image", "glance", "/image"),
    ("placement", "placement", "/placement"),
    ("network", "neutron", "/network"),
    ("compute", "nova", "/compute/v2.1"),
];

/// Users, projects and catalog; the first thing, since whoever logs in needs it.
pub(super) async fn identity(settings: &Settings, services: &Services) -> anyhow::Result<Bootstrapped> {
    let dir = &settings.state.dir;
    let admin_password = match &settings.identity.admin_password {
        Some(password) => password.clone(),
        None => secrets::of_state(dir, "admin-password")?,
    };
    let demo_password: Secret<String> = secrets::of_state(dir, "demo-password")?;
    let url = settings.api.public_url.as_str().trim_end_matches('/');
    let spec = BootstrapSpec {
        admin_password: admin_password.clone(),
        demo_password: Some(demo_password.clone()),
        public_url: url.to_owned(),
        internal_url: Some(settings.api.internal_url.as_str().to_owned()),
        admin_url: Some(settings.api.admin_url.as_str().to_owned()),
        region: settings.api.region.clone(),
        catalog: CATALOG.iter().map(|(kind, name, path)| CatalogEntry::new(kind, name, path)).collect(),
    };
    let made = ferrostack_identity::bootstrap(&services.identity, spec).await?;
    let logins = [
        Login { cloud: "ferrostack", user: "admin", project: "admin", password: &admin_password },
        Login { cloud: "ferrostack-demo", user: "demo", project: "demo", password: &demo_password },
    ];
    clouds_yaml::write(&dir.join("clouds.yaml"), url, &settings.api.region, &logins)?;
    Ok(made)
}

/// Flavors, and unless it is a mere controller an external network; a simulated cloud also gets an image.
pub(super) async fn content(
    settings: &Settings,
    services: &Services,
    admin_project: &str,
    role: Role,
) -> anyhow::Result<()> {
    for (id, name, vcpus, memory_mb, disk_gb) in FLAVORS {
        let flavor = NewFlavor {
            id: Some(id.to_owned()),
            name: name.to_owned(),
            vcpus,
            memory_mb,
            disk_gb,
            ..NewFlavor::default()
        };
        services.compute.ensure_flavor(&flavor).await?;
    }
    if role == Role::Simulated {
        let tiny = GuestImage {
            name: "tiny".to_owned(),
            owner: None,
            disk_format: DiskFormat::Raw,
            container_format: ContainerFormat::Bare,
            min_disk: 0,
            min_ram: 0,
            properties: Default::default(),
            source: ImageSource::Bytes(vec![0; SIMULATED_IMAGE_BYTES].into()),
        };
        ensure_image(&services.image, tiny).await?;
    }
    if role != Role::Controller {
        let public = PublicNetwork {
            name: "public".to_owned(),
            project_id: admin_project.to_owned(),
            physical_network: settings
                .network
                .physical_networks
                .first()
                .cloned()
                .unwrap_or_else(|| "public".to_owned()),
            cidr: settings.network.public_cidr.into(),
            gateway_ip: None,
            pool: None,
        };
        ensure_public_network(&services.network, &public).await?;
    }
    Ok(())
}
