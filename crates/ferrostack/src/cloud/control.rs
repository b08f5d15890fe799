//! What the running cloud tells the commands of its machine.

use ferrostack_network::audit;
use ferrostack_reconcile::Reconcilers;
use futures::future::BoxFuture;

use super::services::Services;
use crate::{control::Control, health::Part};

/// The cloud in this process.
pub(super) struct Cloud {
    pub(super) services: Services,
    pub(super) reconcilers: Reconcilers,
}

impl Control for Cloud {
    fn status(&self) -> BoxFuture<'_, Vec<Part>> {
        Box::pin(async {
            let status = self.reconcilers.status();
            status.iter().map(|(name, status)| Part::of_reconciler(name, status)).collect()
        })
    }

    fn audit(&self) -> BoxFuture<'_, anyhow::Result<Vec<String>>> {
        Box::pin(async {
            let mut all = self.services.compute.audit().await?;
            all.extend(audit(&self.services.network).await?.iter().map(|difference| format!("OVN: {difference}")));
            Ok(all)
        })
    }
}
