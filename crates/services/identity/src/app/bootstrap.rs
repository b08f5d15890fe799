//! What a cloud has before anybody can ask for it: the first domain, projects, users, roles, and the catalog.

use ferrostack_base::Secret;
use ferrostack_db::{DbError, Tx};
use uuid::Uuid;

use crate::{
    DEFAULT_DOMAIN, DomainId, EndpointId, Identity, IdentityError, ProjectId, RegionId, RoleId, ServiceId, UserId,
    store::{
        self, Extra,
        assignment::{Actor, Target},
        domain::Domain,
        endpoint::Endpoint,
        project::Project,
        region::Region,
        role::Role,
        service::Service,
        user::User,
    },
};

/// Services and endpoints made here have ids derived from what they are, so that a second run finds them.
const NAMESPACE: Uuid = Uuid::from_u128(0x4f6e_8f0a_91c4_4d0b_8d55_7f1d_2c3e_9a10);

/// Older names of service types that clients still ask for.
const ALIASES: [(&str, &str); 1] = [("block-storage", "volumev3")];

/// What the cloud is to have.
#[derive(Debug, Clone)]
pub struct BootstrapSpec {
    /// Of the user `admin`; has no effect once that user exists.
    pub admin_password: Secret<String>,
    /// Of the user `demo`; none makes neither that user nor its project.
    pub demo_password: Option<Secret<String>>,
    /// `https://host:port`; the addresses of the catalog begin with it.
    pub public_url: String,
    /// The same for the internal interface; none = as the public one.
    pub internal_url: Option<String>,
    /// The same for the admin interface; none = as the public one.
    pub admin_url: Option<String>,
    /// The id of the first region.
    pub region: String,
    /// The services.
    pub catalog: Vec<CatalogEntry>,
}

/// A service of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogEntry {
    /// Its official type, such as `compute`.
    pub service_type: String,
    /// Its name.
    pub name: String,
    /// Its path below the public address, such as `/compute/v2.1`; may hold `$(project_id)s`.
    pub path: String,
}

impl CatalogEntry {
    /// A service of that type and name at that path.
    pub fn new(service_type: &str, name: &str, path: &str) -> Self {
        Self { service_type: service_type.to_owned(), name: name.to_owned(), path: path.to_owned() }
    }
}

/// What there is after a bootstrap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrapped {
    /// The project `admin`.
    pub admin_project_id: ProjectId,
    /// The user `admin`.
    pub admin_user_id: UserId,
    /// The project `service`, for what belongs to the cloud itself.
    pub service_project_id: ProjectId,
    /// The user `service`, who has no password.
    pub service_user_id: UserId,
    /// The project `demo`, if it was asked for.
    pub demo_project_id: Option<ProjectId>,
    /// The user `demo`, if it was asked for.
    pub demo_user_id: Option<UserId>,
}

/// Makes what is missing and leaves the rest as it is, but for the addresses of endpoints that an earlier run made: these
/// follow [`BootstrapSpec::public_url`]. Every start of the cloud may call it, also several controllers at once.
///
/// # Errors
/// What the database or the password hasher says.
pub async fn bootstrap(identity: &Identity, spec: BootstrapSpec) -> Result<Bootstrapped, IdentityError> {
    let domain_id = DomainId::from_trusted(DEFAULT_DOMAIN);
    let hash_for = |name: &'static str, password: Option<Secret<String>>| {
        let domain_id = &domain_id;
        async move {
            // Hashing takes a quarter of a second: only when it is needed.
            match password {
                Some(password) if store::user::find_by_name(identity.db(), domain_id, name).await?.is_none() => {
                    Ok::<_, IdentityError>(Some(Secret::new(identity.hasher().hash(password.expose()).await?)))
                }
                _ => Ok(None),
            }
        }
    };
    let (admin, demo) = tokio::try_join!(
        hash_for("admin", Some(spec.admin_password.clone())),
        hash_for("demo", spec.demo_password.clone())
    )?;
    let make = Make { identity, spec: &spec, domain_id: &domain_id, admin: admin.as_ref(), demo: demo.as_ref() };
    let make = &make;
    let mut attempts = 3;
    loop {
        attempts -= 1;
        match identity.db().tx(|tx| async move { make.all(&tx).await }).await {
            // Another controller was faster by a moment: what it made is there now.
            Err(IdentityError::Db(error)) if error.is_duplicate() && attempts > 0 => {
                tracing::debug!("another controller makes the same things");
            }
            done => return done,
        }
    }
}

struct Make<'a> {
    identity: &'a Identity,
    spec: &'a BootstrapSpec,
    domain_id: &'a DomainId,
    admin: Option<&'a Secret<String>>,
    demo: Option<&'a Secret<String>>,
}

impl Make<'_> {
    async fn all(&self, tx: &Tx) -> Result<Bootstrapped, IdentityError> {
        self.domain(tx).await?;
        let [reader, member, manager, admin, service] = self.roles(tx).await?;
        for (prior, implied) in [(&admin, &manager), (&manager, &member), (&member, &reader)] {
            store::implied_role::insert(tx, prior, implied).await?;
        }
        let admin_project_id = self.project(tx, "admin", "The administrators' project.").await?;
        let admin_user_id = self.user(tx, "admin", self.admin).await?;
        let service_project_id = self.project(tx, "service", "What belongs to the cloud itself.").await?;
        let service_user_id = self.user(tx, "service", None).await?;
        grant(tx, &admin_user_id, Target::Project(admin_project_id.clone()), &admin).await?;
        grant(tx, &admin_user_id, Target::System, &admin).await?;
        grant(tx, &service_user_id, Target::Project(service_project_id.clone()), &service).await?;
        let (mut demo_project_id, mut demo_user_id) = (None, None);
        if self.spec.demo_password.is_some() {
            let project_id = self.project(tx, "demo", "A project to begin with.").await?;
            let user_id = self.user(tx, "demo", self.demo).await?;
            grant(tx, &user_id, Target::Project(project_id.clone()), &member).await?;
            grant(tx, &admin_user_id, Target::Project(project_id.clone()), &admin).await?;
            (demo_project_id, demo_user_id) = (Some(project_id), Some(user_id));
        }
        self.catalog(tx).await?;
        self.identity.touch(tx).await?;
        Ok(Bootstrapped {
            admin_project_id,
            admin_user_id,
            service_project_id,
            service_user_id,
            demo_project_id,
            demo_user_id,
        })
    }

    async fn domain(&self, tx: &Tx) -> Result<(), DbError> {
        if store::domain::get(tx, self.domain_id).await?.is_some() {
            return Ok(());
        }
        let domain = Domain {
            id: self.domain_id.clone(),
            name: "Default".to_owned(),
            description: "The domain that is taken where a request names none.".to_owned(),
            enabled: true,
            options: Extra::new(),
            extra: Extra::new(),
        };
        store::domain::insert(tx, &domain).await
    }

    /// The roles that policies name; nobody can change them.
    async fn roles(&self, tx: &Tx) -> Result<[RoleId; 5], DbError> {
        let immutable = Extra::from_iter([("immutable".to_owned(), true.into())]);
        let mut ids: [RoleId; 5] = std::array::from_fn(|_| RoleId::new());
        for (id, name) in ids.iter_mut().zip(["reader", "member", "manager", "admin", "service"]) {
            if let Some(role) = store::role::find_by_name(tx, name).await? {
                *id = role.id;
                continue;
            }
            let (options, extra) = (immutable.clone(), Extra::new());
            let role =
                Role { id: id.clone(), domain_id: None, name: name.to_owned(), description: None, options, extra };
            store::role::insert(tx, &role).await?;
        }
        Ok(ids)
    }

    async fn project(&self, tx: &Tx, name: &str, description: &str) -> Result<ProjectId, DbError> {
        if let Some(project) = store::project::find_by_name(tx, self.domain_id, name).await? {
            return Ok(project.id);
        }
        let project = Project {
            id: ProjectId::new(),
            domain_id: self.domain_id.clone(),
            parent_id: None,
            name: name.to_owned(),
            description: description.to_owned(),
            enabled: true,
            options: Extra::new(),
            extra: Extra::new(),
            tags: Vec::new(),
        };
        store::project::insert(tx, &project).await?;
        Ok(project.id)
    }

    async fn user(&self, tx: &Tx, name: &str, password_hash: Option<&Secret<String>>) -> Result<UserId, DbError> {
        if let Some(user) = store::user::find_by_name(tx, self.domain_id, name).await? {
            return Ok(user.id);
        }
        let user = User {
            id: UserId::new(),
            domain_id: self.domain_id.clone(),
            name: name.to_owned(),
            enabled: true,
            default_project_id: None,
            password_hash: password_hash.cloned(),
            options: Extra::new(),
            extra: Extra::new(),
        };
        store::user::insert(tx, &user).await?;
        Ok(user.id)
    }

    async fn catalog(&self, tx: &Tx) -> Result<(), DbError> {
        let region = RegionId::from_trusted(self.spec.region.as_str());
        if store::region::get(tx, &region).await?.is_none() {
            let (description, extra) = (String::new(), Extra::new());
            store::region::insert(tx, &Region { id: region.clone(), description, parent_region_id: None, extra })
                .await?;
        }
        for entry in &self.spec.catalog {
            self.service(tx, entry, &entry.service_type, &region).await?;
            for (_, alias) in ALIASES.iter().filter(|(service_type, _)| *service_type == entry.service_type) {
                self.service(tx, entry, alias, &region).await?;
            }
        }
        Ok(())
    }

    async fn service(
        &self,
        tx: &Tx,
        entry: &CatalogEntry,
        service_type: &str,
        region: &RegionId,
    ) -> Result<(), DbError> {
        let id = ServiceId::from_trusted(derived_id(&[service_type, &entry.name]));
        if store::service::get(tx, &id).await?.is_none() {
            let (service_type, name) = (service_type.to_owned(), Some(entry.name.clone()));
            let service =
                Service { id: id.clone(), service_type, name, description: None, enabled: true, extra: Extra::new() };
            store::service::insert(tx, &service).await?;
        }
        let bases = [
            ("public", &self.spec.public_url),
            ("internal", self.spec.internal_url.as_ref().unwrap_or(&self.spec.public_url)),
            ("admin", self.spec.admin_url.as_ref().unwrap_or(&self.spec.public_url)),
        ];
        for (interface, base) in bases {
            let url = format!("{}{}", base.trim_end_matches('/'), entry.path);
            let endpoint_id = EndpointId::from_trusted(derived_id(&[id.as_str(), region.as_str(), interface]));
            match store::endpoint::get(tx, &endpoint_id).await? {
                Some(endpoint) if endpoint.url == url => {}
                Some(endpoint) => drop(store::endpoint::update(tx, &Endpoint { url: url.clone(), ..endpoint }).await?),
                None => {
                    let endpoint = Endpoint {
                        id: endpoint_id,
                        service_id: id.clone(),
                        region_id: Some(region.clone()),
                        interface: interface.to_owned(),
                        url: url.clone(),
                        enabled: true,
                        extra: Extra::new(),
                    };
                    store::endpoint::insert(tx, &endpoint).await?;
                }
            }
        }
        Ok(())
    }
}

fn derived_id(parts: &[&str]) -> String {
    Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes()).simple().to_string()
}

async fn grant(tx: &Tx, user_id: &UserId, target: Target, role_id: &RoleId) -> Result<(), DbError> {
    store::assignment::insert(tx, &Actor::User(user_id.clone()), &target, role_id).await
}
