//! Does what is to be done once.

use std::sync::Arc;

use ferrostack_agent_api::{DomainReport, OneShot, OneShotKind};

use crate::{domain::Seen, error::NodeError, ledger::check_fence, node::Node};

impl Node {
    /// Does it, unless its number was done. That it was begun is written down first: a guest that is found off afterwards
    /// is then off because of it, and is started.
    pub(crate) async fn one_shot(self: Arc<Self>, shot: OneShot) -> Result<DomainReport, NodeError> {
        let (server, fence, number) = (shot.server, shot.fence, shot.number);
        self.ledger
            .change_record(server, move |record| {
                check_fence(record, fence)?;
                record.fence = fence;
                Ok(())
            })
            .await?;
        let _turn = self.unless_overtaken((server, fence), async { Ok(self.turn(server).await) }).await?;
        let record = self.ledger.record(server)?;
        if record.shots.contains(&number) {
            return self.look(server).await;
        }
        let on = Seen::of(self.domains.status(server).await?).is_on();
        let begun = record.shooting == Some(number);
        if shot.kind == OneShotKind::SoftReboot && !on && !begun {
            return Err(NodeError::Off { server });
        }
        self.ledger
            .change_record(server, move |record| {
                record.shooting = Some(number);
                Ok(())
            })
            .await?;
        match shot.kind {
            OneShotKind::SoftReboot => self.power_off((server, fence), shot.shutdown_timeout_s).await?,
            OneShotKind::HardReboot => self.domains.cut_power(server).await?,
        }
        self.bring_up(&record).await?;
        let (seen, now) = (Seen::of(self.domains.status(server).await?), self.clock.now());
        self.ledger
            .change_record(server, move |record| {
                record.shot(number);
                record.reseat = false;
                record.seen(seen.power, seen.reason, now);
                record.since = now;
                Ok(record.report())
            })
            .await
    }
}
