//! Flavors and who may use them.

use std::collections::BTreeMap;

use ferrostack_auth::Ctx;
use ferrostack_db::DbError;
use uuid::Uuid;

use crate::{Compute, ComputeError, model::Flavor, store};

/// A flavor to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFlavor {
    /// None = a new UUID.
    pub id: Option<String>,
    /// Its name; unique.
    pub name: String,
    /// Processors.
    pub vcpus: i64,
    /// Memory in MiB.
    pub memory_mb: i64,
    /// Root disk in GiB; 0 = as large as the image.
    pub disk_gb: i64,
    /// A second, empty disk in GiB.
    pub ephemeral_gb: i64,
    /// Swap in MiB.
    pub swap_mb: i64,
    /// Kept for clients; has no effect.
    pub rxtx_factor: f64,
    /// Whether all projects may use it.
    pub is_public: bool,
}

impl Default for NewFlavor {
    fn default() -> Self {
        Self {
            id: None,
            name: String::new(),
            vcpus: 1,
            memory_mb: 512,
            disk_gb: 1,
            ephemeral_gb: 0,
            swap_mb: 0,
            rxtx_factor: 1.0,
            is_public: true,
        }
    }
}

impl Compute {
    /// Makes a flavor unless one of that id or name is there; tells whether it made it. For bootstrap.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ensure_flavor(&self, new: &NewFlavor) -> Result<bool, ComputeError> {
        match self.create_flavor(new).await {
            Ok(_) => Ok(true),
            Err(ComputeError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a flavor.
    pub(crate) async fn create_flavor(&self, new: &NewFlavor) -> Result<Flavor, ComputeError> {
        let flavor = Flavor {
            id: new.id.clone().unwrap_or_else(|| Uuid::new_v4().to_string()),
            name: new.name.clone(),
            vcpus: new.vcpus,
            memory_mb: new.memory_mb,
            disk_gb: new.disk_gb,
            ephemeral_gb: new.ephemeral_gb,
            swap_mb: new.swap_mb,
            rxtx_factor: new.rxtx_factor,
            is_public: new.is_public,
            extra_specs: BTreeMap::new(),
            generation: 0,
            created: self.now(),
        };
        let row = &flavor;
        let written = self.db().tx(|tx| async move { store::flavor::insert(&tx, row).await }).await;
        match written {
            Err(DbError::Duplicate { .. }) => Err(ComputeError::conflict(format!(
                "A flavor with the id {:?} or the name {:?} exists already.",
                row.id, row.name
            ))),
            other => Ok(other.map(|()| flavor)?),
        }
    }

    /// The flavor, if it is public, the caller's project may use it, or the caller administers flavors.
    pub(crate) async fn visible_flavor(&self, cx: &Ctx, id: &str) -> Result<Option<Flavor>, ComputeError> {
        let Some(flavor) = store::flavor::get(self.db(), id).await? else { return Ok(None) };
        if flavor.is_public || cx.is_admin() {
            return Ok(Some(flavor));
        }
        let projects = store::flavor::list_access(self.db(), id).await?;
        Ok(projects.iter().any(|project| Some(project.as_str()) == cx.project_id()).then_some(flavor))
    }

    /// The same, or 404.
    pub(crate) async fn find_flavor(&self, cx: &Ctx, id: &str) -> Result<Flavor, ComputeError> {
        self.visible_flavor(cx, id).await?.ok_or_else(|| ComputeError::not_found("Flavor", id))
    }

    /// Removes a flavor; servers keep theirs.
    pub(crate) async fn delete_flavor(&self, id: &str) -> Result<(), ComputeError> {
        let gone = self.db().tx(|tx| async move { store::flavor::delete(&tx, id).await }).await?;
        if gone { Ok(()) } else { Err(ComputeError::not_found("Flavor", id)) }
    }

    /// Changes a flavor's extra specs; returns them all.
    pub(crate) async fn change_extra_specs(
        &self,
        id: &str,
        change: impl Fn(&mut BTreeMap<String, String>) -> Result<(), ComputeError>,
    ) -> Result<BTreeMap<String, String>, ComputeError> {
        let change = &change;
        self.db()
            .tx(|tx| async move {
                let found = store::flavor::get(&tx, id).await?;
                let mut flavor = found.ok_or_else(|| ComputeError::not_found("Flavor", id))?;
                change(&mut flavor.extra_specs)?;
                if !store::flavor::update_extra_specs(&tx, &flavor).await? {
                    return Err(ComputeError::conflict(format!(
                        "Flavor {id} is being changed by others; please try again."
                    )));
                }
                Ok(flavor.extra_specs)
            })
            .await
    }

    /// Lets a project use a flavor that is not public; returns all such projects.
    pub(crate) async fn add_flavor_access(&self, id: &str, project: &str) -> Result<Vec<String>, ComputeError> {
        let granted = self
            .db()
            .tx(|tx| async move {
                store::flavor::insert_access(&tx, id, project).await?;
                store::flavor::list_access(&tx, id).await
            })
            .await;
        granted.map_err(|error| match error {
            DbError::Duplicate { .. } => {
                ComputeError::conflict(format!("Project {project} may use flavor {id} already."))
            }
            error => error.into(),
        })
    }

    /// Takes that back.
    pub(crate) async fn remove_flavor_access(&self, id: &str, project: &str) -> Result<Vec<String>, ComputeError> {
        self.db()
            .tx(|tx| async move {
                if !store::flavor::delete_access(&tx, id, project).await? {
                    return Err(ComputeError::NotFound {
                        what: "Access of project",
                        id: format!("{project} to flavor {id}"),
                    });
                }
                Ok(store::flavor::list_access(&tx, id).await?)
            })
            .await
    }
}
