//! Finding, changing and deleting servers.

use ferrostack_auth::Ctx;
use ferrostack_saga::{AcceptError, Operation};

use crate::{
    Compute, ComputeError,
    app::settling::settle,
    model::{DiskConfig, Server, ServerId, Task},
    sagas::DeleteServer,
    store,
};

/// What `PUT /servers/{id}` changes; `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub name: Option<String>,
    pub access_ip_v4: Option<Option<String>>,
    pub access_ip_v6: Option<Option<String>>,
    pub disk_config: Option<DiskConfig>,
}

impl Compute {
    /// The server, if the caller may do `action` to it. Others' servers are not found.
    ///
    /// # Errors
    /// 404; 403 for a server of the caller's own project.
    pub(crate) async fn find_server(&self, cx: &Ctx, id: ServerId, action: &str) -> Result<Server, ComputeError> {
        let missing = || ComputeError::not_found("Server", id);
        let server = store::server::get(self.db(), id).await?.filter(|server| !server.deleted).ok_or_else(missing)?;
        self.authorize(cx, &server, action)?;
        Ok(server)
    }

    /// Asks whether the caller may do `action` to the server; who may not, and is of another project, does not find it.
    pub(crate) fn authorize(&self, cx: &Ctx, server: &Server, action: &str) -> Result<(), ComputeError> {
        let target = [("project_id", server.project_id.as_str()), ("user_id", server.user_id.as_str())];
        match cx.allow(action, &target) {
            Ok(()) => Ok(()),
            Err(_) if cx.project_id() != Some(&server.project_id) => Err(ComputeError::not_found("Server", server.id)),
            Err(denied) => Err(denied.into()),
        }
    }

    /// Changes what users may change of a server; returns it as it is then.
    pub(crate) async fn update_server(&self, id: ServerId, changes: &Changes) -> Result<Server, ComputeError> {
        let now = self.now();
        self.db()
            .tx(|tx| async move {
                let found = store::server::lock(&tx, id).await?;
                let mut server = found.ok_or_else(|| ComputeError::not_found("Server", id))?;
                server.name = changes.name.clone().unwrap_or(server.name);
                server.access_ip_v4 = changes.access_ip_v4.clone().unwrap_or(server.access_ip_v4);
                server.access_ip_v6 = changes.access_ip_v6.clone().unwrap_or(server.access_ip_v6);
                server.disk_config = changes.disk_config.unwrap_or(server.disk_config);
                server.updated = now;
                store::server::update(&tx, &server).await?;
                Ok(server)
            })
            .await
    }

    /// Accepts the server's deletion, whatever else goes on with it. Asking twice is fine.
    pub(crate) async fn delete_server(&self, cx: &Ctx, id: ServerId) -> Result<(), ComputeError> {
        let origin = &cx.origin();
        let accepted = self
            .db()
            .tx(|tx| async move {
                let before = store::server::get(&tx, id).await?;
                let before = before.ok_or_else(|| ComputeError::not_found("Server", id))?;
                let deletion = DeleteServer { server: id, overtaken: before.operation.map(|(operation, _)| operation) };
                match self.saga().accept(&tx, origin, &Server::resource(id), &deletion).await {
                    Ok(operation) => {
                        // Read again: what is overtaken may have changed it until this moment, not any more.
                        let found = store::server::lock(&tx, id).await?;
                        let mut server = found.ok_or_else(|| ComputeError::not_found("Server", id))?;
                        server.operation = Some((operation, Task::Deleting));
                        settle(&tx, &mut server, self.now()).await?;
                        Ok(true)
                    }
                    Err(AcceptError::Busy { kind, .. }) if kind == DeleteServer::KIND => Ok(false),
                    Err(error) => Err(error.into()),
                }
            })
            .await;
        match accepted {
            Ok(true) => tracing::info!(server = %id, request_id = cx.request_id(), "deletion accepted"),
            Ok(false) => {
                tracing::info!(server = %id, request_id = cx.request_id(), "the server is being deleted already")
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
