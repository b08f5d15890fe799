//! The stored state of every server is what the pure function says.

use super::{Said, said};
use crate::{
    Compute, ComputeError,
    app::settling::settle,
    model::{Server, ServerId, Stage, derive},
    store,
};

pub(super) async fn run(compute: &Compute) -> Said {
    let wrong = find(compute).await?;
    for server in &wrong {
        tracing::error!(server = %server.id, state = ?server.state, "the stored state of a server does not follow from its records");
        let id = server.id;
        compute
            .db()
            .tx(|tx| async move {
                match store::server::lock(&tx, id).await? {
                    Some(mut server) => settle(&tx, &mut server, compute.now()).await,
                    None => Ok(()),
                }
            })
            .await?;
    }
    said(wrong.len(), "states corrected")
}

/// Servers whose state is not what follows from their records.
pub(crate) async fn find(compute: &Compute) -> Result<Vec<Server>, ComputeError> {
    let mut wrong = Vec::new();
    let mut marker: Option<ServerId> = None;
    loop {
        let servers = store::server::list_alive(compute.db(), marker, 500).await?;
        let Some(last) = servers.last() else { return Ok(wrong) };
        marker = Some(last.id);
        let ids: Vec<ServerId> = servers.iter().map(|server| server.id).collect();
        let domains = store::domain::powers(compute.db(), &ids).await?;
        for server in servers {
            let observed = match server.stage {
                Stage::Built | Stage::Failed => domains.get(&server.id).copied(),
                Stage::Building | Stage::Deleted => None,
            };
            if derive(server.wish(), observed) != server.state {
                wrong.push(server);
            }
        }
    }
}
