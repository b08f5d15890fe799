//! What the running cloud tells the commands of its machine.

use ferrostack_db::Db;
use ferrostack_network::{audit, engine_objects};
use ferrostack_ovn::{Connection, Endpoint};
use ferrostack_reconcile::Reconcilers;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::{explain, operator::Operator, services::Services, world::World};
use crate::{
    control::{Control, Seen},
    health::{Health, Part},
};

/// The cloud in this process.
pub(super) struct Cloud {
    pub(super) db: Db,
    pub(super) services: Services,
    pub(super) reconcilers: Reconcilers,
    pub(super) world: World,
    pub(super) operator: Operator,
}

impl Cloud {
    /// The databases of an OVN that others look after. Without them the cloud works on, and they are connected to as soon as
    /// they are there.
    fn ovn(&self) -> Vec<Part> {
        let World { northbound, southbound, daemons, .. } = &self.world;
        let part = |(endpoint, (name, connection)): (&Endpoint, &(&str, Connection))| {
            let connected = connection.is_connected();
            Part {
                name: format!("OVN {name}"),
                health: if connected { Health::Healthy } else { Health::Degraded },
                reason: (!connected).then(|| format!("{endpoint} does not answer")),
                since: None,
            }
        };
        let others = |(endpoint, _): &(&Endpoint, _)| daemons.is_none() && !matches!(endpoint, Endpoint::InProcess(_));
        [northbound, southbound].into_iter().zip(&self.services.ovn).filter(others).map(part).collect()
    }
}

impl Control for Cloud {
    fn status(&self) -> BoxFuture<'_, Vec<Part>> {
        Box::pin(async {
            let status = self.reconcilers.status();
            status.iter().map(|(name, status)| Part::of_reconciler(name, status)).collect()
        })
    }

    fn engines(&self) -> BoxFuture<'_, Vec<Part>> {
        Box::pin(async {
            let mut parts = self.ovn();
            parts.extend(self.world.engines().await);
            parts
        })
    }

    fn audit(&self) -> BoxFuture<'_, anyhow::Result<Vec<String>>> {
        Box::pin(async {
            let mut all = self.services.compute.audit().await?;
            all.extend(audit(&self.services.network).await?.iter().map(|difference| format!("OVN: {difference}")));
            Ok(all)
        })
    }

    fn explain(&self, id: Uuid) -> BoxFuture<'_, anyhow::Result<Seen>> {
        Box::pin(async move {
            let Some((kind, row)) = explain::find(&self.db, id).await? else { return Ok(Seen::default()) };
            let path = format!("{}{id}", kind.path);
            let api = serde_json::to_string_pretty(&self.operator.get(&path).await?)?;
            let mut objects = engine_objects(&self.services.network, id)?;
            // Only servers have a host of their own; a port's is that of its server.
            if let Ok(Some(host)) = row.get::<Option<String>>("host") {
                objects.extend(self.world.explain(&host, id).await);
            }
            Ok(Seen { path, api, objects })
        })
    }
}
