//! Creating servers: everything is checked before anything is written, then all is written at once.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use ferrostack_agent_api::{BootImage, Wanted};
use ferrostack_auth::Ctx;
use ferrostack_base::{Generation, Secret, new_hex_id};
use ferrostack_contracts::{ImageFacts, NicRequest};
use ferrostack_quota::{Want, take};
use uuid::Uuid;

use crate::{
    Compute, ComputeError,
    app::{hostname::hostname, scheduler::Wishes},
    model::{BootSource, DiskConfig, Flavor, Server, ServerId, Stage, Task, Wish, derive},
    sagas::CreateServer,
    store,
};

/// What a user wants.
#[derive(Debug, Clone)]
pub(crate) struct WantedServers {
    pub name: String,
    pub flavor_id: String,
    pub image_id: Uuid,
    /// None = the one network that the project has.
    pub nics: Option<Vec<NicRequest>>,
    /// Names or ids.
    pub security_groups: Vec<String>,
    pub key_name: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub user_data: Option<Secret<String>>,
    pub config_drive: bool,
    pub zone: Option<String>,
    pub forced_host: Option<String>,
    pub access_ip_v4: Option<String>,
    pub access_ip_v6: Option<String>,
    pub disk_config: Option<DiskConfig>,
    pub wishes: Wishes,
    /// As many as the quota allows, between these two.
    pub amount: (i64, i64),
}

/// What does not differ between the servers of one request.
struct Checked {
    flavor: Flavor,
    image: ImageFacts,
    public_key: Option<String>,
    /// The cloud or the image wants a configuration drive, whatever the user says.
    needs_drive: bool,
}

impl Compute {
    /// Makes servers and accepts their builds. Returns them as written.
    pub(crate) async fn create_servers(&self, cx: &Ctx, wanted: &WantedServers) -> Result<Vec<Server>, ComputeError> {
        let project = cx.require_project()?;
        let checked = self.check(cx, wanted).await?;
        let reservation = format!("r-{}", &new_hex_id()[..8]);
        let mut servers = Vec::new();
        for index in 0..wanted.amount.1 {
            let nics = self.network().plan(cx, wanted.nics.as_deref(), &wanted.security_groups).await;
            let mut server = draft(cx.user_id().unwrap_or_default(), project, wanted, &checked, self.now());
            server.nics = nics.map_err(ComputeError::in_body)?;
            server.reservation_id.clone_from(&reservation);
            server.launch_index = index;
            if wanted.amount.1 > 1 {
                server.name = format!("{}-{}", wanted.name, index + 1);
                server.hostname = hostname(&server.name, server.id);
            }
            servers.push(server);
        }
        let architecture =
            ["hw_architecture", "architecture"].iter().find_map(|key| checked.image.properties.get(*key));
        let wishes = Wishes { architecture: architecture.cloned(), ..wanted.wishes.clone() };
        loop {
            let fitted = AtomicUsize::new(0);
            match self.write(cx, &servers, &wishes, &fitted).await {
                Err(error @ ComputeError::OverQuota { .. }) => {
                    let fitted = fitted.into_inner();
                    if fitted == 0 || i64::try_from(fitted).is_ok_and(|fitted| fitted < wanted.amount.0) {
                        return Err(error);
                    }
                    servers.truncate(fitted);
                }
                done => return done,
            }
        }
    }

    async fn check(&self, cx: &Ctx, wanted: &WantedServers) -> Result<Checked, ComputeError> {
        if let Some(host) = &wanted.forced_host {
            cx.allow("os_compute_api:servers:create:forced_host", &[("project_id", cx.project_id())])?;
            let known = store::node::find(self.db(), host).await?;
            known.ok_or_else(|| {
                ComputeError::invalid("availability_zone", format!("host {host:?} could not be found."))
            })?;
        }
        if let Some(zone) = &wanted.zone
            && !store::node::list(self.db()).await?.iter().any(|node| node.zone == *zone)
        {
            return Err(ComputeError::invalid("availability_zone", format!("the zone {zone:?} is not available.")));
        }
        self.check_metadata(&wanted.metadata)?;
        let flavor = self.visible_flavor(cx, &wanted.flavor_id).await?;
        let flavor = flavor.ok_or_else(|| {
            ComputeError::invalid("flavorRef", format!("Flavor {} could not be found.", wanted.flavor_id))
        })?;
        let image = self.image().image(cx, wanted.image_id).await.map_err(ComputeError::in_body)?;
        check_image(&image, &flavor)?;
        let public_key = match &wanted.key_name {
            None => None,
            Some(name) => {
                let pair = store::keypair::find(self.db(), cx.user_id().unwrap_or_default(), name).await?;
                let pair = pair
                    .ok_or_else(|| ComputeError::invalid("key_name", format!("Keypair {name} could not be found.")))?;
                Some(pair.public_key)
            }
        };
        let needs_drive = self.options().force_config_drive
            || image.properties.get("img_config_drive").is_some_and(|wish| wish == "mandatory");
        Ok(Checked { flavor, image, public_key, needs_drive })
    }

    /// The one transaction: quota, rows, operations (R1). `fitted` tells how many fit the quota.
    async fn write(
        &self,
        cx: &Ctx,
        drafts: &[Server],
        wishes: &Wishes,
        fitted: &AtomicUsize,
    ) -> Result<Vec<Server>, ComputeError> {
        let (origin, quotas) = (&cx.origin(), &self.options().quotas);
        let amount = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
        self.db()
            .tx(|tx| async move {
                let first = store::counter::next(&tx, "server", amount).await?;
                let mut servers = drafts.to_vec();
                for (index, (number, server)) in (first..).zip(&mut servers).enumerate() {
                    fitted.store(index, Ordering::Relaxed);
                    let wants = [
                        Want { resource: "compute.instances", amount: 1, default_limit: quotas.instances },
                        Want { resource: "compute.cores", amount: server.flavor.vcpus, default_limit: quotas.cores },
                        Want { resource: "compute.ram", amount: server.flavor.memory_mb, default_limit: quotas.ram_mb },
                    ];
                    take(&tx, &server.project_id, &server.id.to_string(), &wants).await?;
                    let build = CreateServer { server: server.id, wishes: wishes.clone() };
                    let operation = self.saga().accept(&tx, origin, &Server::resource(server.id), &build).await?;
                    server.number = number;
                    server.operation = Some((operation, Task::Spawning));
                    server.state = derive(server.wish(), None);
                    store::server::insert(&tx, server).await?;
                }
                Ok(servers)
            })
            .await
    }
}

/// A server's row with all ids chosen, before it has a number and an operation.
fn draft(
    user: &str,
    project: &str,
    wanted: &WantedServers,
    checked: &Checked,
    now: ferrostack_base::Timestamp,
) -> Server {
    let id = ServerId::new();
    let image = &checked.image;
    let wish = Wish { stage: Stage::Building, power: Wanted::On, task: None };
    Server {
        id,
        number: 0,
        project_id: project.to_owned(),
        user_id: user.to_owned(),
        name: wanted.name.clone(),
        hostname: hostname(&wanted.name, id),
        flavor: checked.flavor.clone(),
        image_id: Some(image.id),
        boot_source: Some(boot_source(image)),
        key_name: wanted.key_name.clone(),
        public_key: checked.public_key.clone(),
        metadata: wanted.metadata.clone(),
        user_data: wanted.user_data.clone(),
        config_drive: wanted.config_drive || checked.needs_drive,
        zone: wanted.zone.clone(),
        forced_host: wanted.forced_host.clone(),
        access_ip_v4: wanted.access_ip_v4.clone(),
        access_ip_v6: wanted.access_ip_v6.clone(),
        disk_config: wanted.disk_config.unwrap_or_else(|| {
            match image.properties.get("auto_disk_config").map(String::as_str) {
                Some("True" | "true") => DiskConfig::Auto,
                _ => DiskConfig::Manual,
            }
        }),
        reservation_id: String::new(),
        launch_index: 0,
        security_groups: if wanted.security_groups.is_empty() {
            vec!["default".to_owned()]
        } else {
            wanted.security_groups.clone()
        },
        nics: Vec::new(),
        ports: Vec::new(),
        host: None,
        power: Wanted::On,
        generation: Generation(1),
        stage: Stage::Building,
        operation: None,
        state: derive(wish, None),
        fault: None,
        created: now,
        updated: now,
        launched: None,
        terminated: None,
        deleted: false,
    }
}

/// What is kept of the image, which may change or go while the server lives.
fn boot_source(image: &ImageFacts) -> BootSource {
    let says_how = |name: &str| ["hw_", "os_"].iter().any(|prefix| name.starts_with(prefix));
    let properties = image.properties.iter().filter(|(name, _)| says_how(name));
    BootSource {
        image: BootImage { id: image.id, format: image.disk_format.clone(), hash: image.hash.clone() },
        properties: properties.map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}

/// Whether the image can be booted by a server of that flavor.
fn check_image(image: &ImageFacts, flavor: &Flavor) -> Result<(), ComputeError> {
    let refuse = |reason: String| Err(ComputeError::invalid("imageRef", reason));
    if image.status != "active" {
        return refuse(format!("Image {} is {}, not active.", image.id, image.status));
    }
    if image.min_ram > flavor.memory_mb {
        return refuse(format!(
            "Image {} needs {} MB of memory, flavor {} has {}.",
            image.id, image.min_ram, flavor.id, flavor.memory_mb
        ));
    }
    // A root disk of 0 GB is as large as the image.
    if flavor.disk_gb > 0 {
        if image.min_disk > flavor.disk_gb {
            return refuse(format!(
                "Image {} needs a disk of {} GB, flavor {} has {}.",
                image.id, image.min_disk, flavor.id, flavor.disk_gb
            ));
        }
        let size = image.virtual_size.or(image.size).unwrap_or(0);
        if size > flavor.disk_gb << 30 {
            return refuse(format!(
                "Image {} has {size} bytes, the disk of flavor {} {} GB.",
                image.id, flavor.id, flavor.disk_gb
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flavor(memory_mb: i64, disk_gb: i64) -> Flavor {
        Flavor {
            id: "f".to_owned(),
            name: "f".to_owned(),
            vcpus: 1,
            memory_mb,
            disk_gb,
            ephemeral_gb: 0,
            swap_mb: 0,
            rxtx_factor: 1.0,
            is_public: true,
            extra_specs: BTreeMap::new(),
            generation: 0,
            created: ferrostack_base::Timestamp::default(),
        }
    }

    fn image() -> ImageFacts {
        ImageFacts {
            id: Uuid::nil(),
            name: None,
            status: "active".to_owned(),
            size: Some(1 << 20),
            virtual_size: Some(2 << 30),
            disk_format: Some("qcow2".to_owned()),
            min_disk: 1,
            min_ram: 64,
            hash: None,
            properties: BTreeMap::new(),
        }
    }

    #[test]
    fn an_image_must_fit_the_flavor() {
        let refused = |image: &ImageFacts, flavor: &Flavor| check_image(image, flavor).unwrap_err().to_string();
        assert!(check_image(&image(), &flavor(64, 2)).is_ok());
        assert!(check_image(&image(), &flavor(64, 0)).is_ok());
        assert!(refused(&image(), &flavor(63, 2)).contains("memory"));
        assert!(refused(&image(), &flavor(64, 1)).contains("bytes"));
        assert!(refused(&ImageFacts { min_disk: 3, ..image() }, &flavor(64, 2)).contains("needs a disk"));
        assert!(refused(&ImageFacts { status: "queued".to_owned(), ..image() }, &flavor(64, 2)).contains("queued"));
    }
}
