//! The one place where the services, the engines and the nodes are put together.

use std::sync::Arc;

use ferrostack_config::Settings;
use ferrostack_db::{Db, DbError, Migrations};
use ferrostack_http::{axum::Router, serve};
use ferrostack_saga::{Saga, SagaOptions};
use futures::future::BoxFuture;

use crate::{commands::explain::Explained, control::Control, database, health::Part, process::Process};

/// Runs the cloud until the process is to stop.
///
/// # Errors
/// What keeps it from starting, or broke it.
pub async fn run(settings: Settings, process: Process) -> anyhow::Result<()> {
    let db = database::open(&settings).await?;
    db.migrate(&migrations()).await?;
    let saga = Saga::start(db.clone(), SagaOptions::default()).await?;
    let (_, serving) = serve(settings.api.listen, Router::new(), process.stopping()).await?;
    process.offer(Arc::new(Cloud))?;
    process.ready();
    serving.await?;
    saga.stop().await?;
    Ok(())
}

/// The tables of all services.
pub fn migrations() -> Vec<Migrations> {
    vec![ferrostack_saga::MIGRATIONS]
}

/// The nodes, each with its health.
///
/// # Errors
/// What the database says.
pub async fn nodes(_db: &Db) -> Result<Vec<Part>, DbError> {
    Ok(Vec::new())
}

/// Why a resource is as it is; `None` when there is none of that id.
///
/// # Errors
/// What the database says.
pub async fn explain(_db: &Db, _id: &str) -> anyhow::Result<Option<Explained>> {
    Ok(None)
}

struct Cloud;

impl Control for Cloud {
    fn status(&self) -> BoxFuture<'_, Vec<Part>> {
        Box::pin(async { Vec::new() })
    }

    fn audit(&self) -> BoxFuture<'_, anyhow::Result<Vec<String>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
