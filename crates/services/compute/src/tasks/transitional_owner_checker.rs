//! Every server in a transitional state names a live operation (R2). One that does not gets ERROR with a reason, or, if it
//! was being deleted, a new deletion.

use ferrostack_auth::Ctx;
use ferrostack_saga::store::busy_resources;

use super::{Said, said};
use crate::{
    Compute, ComputeError,
    app::settling::settle,
    model::{Server, ServerFault, ServerId, Stage, Task},
    store,
};

pub(super) async fn run(compute: &Compute) -> Said {
    let mut repaired = 0;
    for server in find(compute).await? {
        repaired += usize::from(repair(compute, server.id).await?);
    }
    said(repaired, "servers without their operation repaired")
}

/// Servers that wait for an operation which is not live.
pub(crate) async fn find(compute: &Compute) -> Result<Vec<Server>, ComputeError> {
    // Rows first: an operation that ends in between also ends the row's transitional state, which `repair` sees.
    let servers = store::server::list_transitional(compute.db()).await?;
    let busy = busy_resources(compute.db(), "server").await?;
    Ok(servers.into_iter().filter(|server| !busy.contains(&server.id.to_string())).collect())
}

async fn repair(compute: &Compute, id: ServerId) -> Result<bool, ComputeError> {
    let lost = compute
        .db()
        .tx(|tx| async move {
            let Some(mut server) = store::server::lock(&tx, id).await? else { return Ok(None) };
            let waits = server.operation.is_some() || server.stage == Stage::Building;
            if !waits || busy_resources(&tx, "server").await?.contains(&id.to_string()) {
                return Ok(None);
            }
            let task = server.task();
            server.operation = None;
            if server.stage == Stage::Building {
                let now = compute.now();
                let message =
                    "The operation that built this server was lost; please delete it and create it again.".to_owned();
                server.stage = Stage::Failed;
                server.fault = Some(ServerFault { code: 500, message, details: None, created: now });
            }
            settle(&tx, &mut server, compute.now()).await?;
            Ok::<_, ComputeError>(Some(task))
        })
        .await?;
    let Some(task) = lost else { return Ok(false) };
    tracing::error!(server = %id, task = task.map(Task::as_str), "a server waited for an operation that is not live");
    if task == Some(Task::Deleting) {
        compute.delete_server(&Ctx::internal(format!("req-{}", uuid::Uuid::new_v4())), id).await?;
    }
    Ok(true)
}
