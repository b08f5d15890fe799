//! Who sees which servers in a list.

use ferrostack_auth::Ctx;

use crate::{
    Compute, ComputeError,
    model::{Server, ServerId},
    store::{
        self,
        server_list::{ServerFilter, ServerPage},
    },
};

impl Compute {
    /// A page of servers. Without `all_projects` only those of the caller's project.
    pub(crate) async fn list_servers(
        &self,
        cx: &Ctx,
        all_projects: bool,
        mut filter: ServerFilter,
        page: &ServerPage,
    ) -> Result<Vec<Server>, ComputeError> {
        if !all_projects {
            filter.project_id = Some(cx.require_project()?.to_owned());
        }
        if let Some(marker) = page.marker {
            self.check_marker(marker).await?;
        }
        Ok(store::server_list::list(self.db(), &filter, page).await?)
    }

    async fn check_marker(&self, marker: ServerId) -> Result<(), ComputeError> {
        match store::server::get(self.db(), marker).await? {
            Some(_) => Ok(()),
            None => Err(ComputeError::invalid("marker", format!("{marker} could not be found."))),
        }
    }
}
