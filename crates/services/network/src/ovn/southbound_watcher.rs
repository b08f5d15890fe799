//! What follows from the Southbound database: which chassis are alive, whether ports are up, who carries gateways.

use std::time::Duration;

use ferrostack_base::Timestamp;
use ferrostack_ovn::Event;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Leader, chassis, gateways, status};
use crate::Network;

/// How often the chassis are looked at: one that is silent sends no event.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps an eye on the chassis, and tells the syncer of ports that may have become up or down. While `leader` says that
/// this is ours to do, asks the chassis for signs of life and keeps the gateways' groups. `events` are those of the
/// connection to the Southbound database; ends when that is gone for good.
pub async fn run_southbound_watcher(network: Network, mut events: UnboundedReceiver<Event>, leader: Leader) {
    let mut watcher = Watcher { network, asked: None };
    loop {
        let seen = watcher.network.northbound().replica().version();
        if watcher.is_connected() {
            watcher.look();
            if leader() {
                watcher.lead().await;
            }
        }
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => watcher.note(event),
                None => return,
            },
            _ = watcher.network.northbound().replica().wait_for_change(seen) => {}
            () = watcher.network.clock().sleep(LOOK) => {}
        }
        while let Ok(event) = events.try_recv() {
            watcher.note(event);
        }
    }
}

struct Watcher {
    network: Network,
    /// When the chassis were last asked for a sign of life.
    asked: Option<Timestamp>,
}

impl Watcher {
    /// An empty copy while there is no connection says nothing about chassis or ports.
    fn is_connected(&self) -> bool {
        self.network.southbound().is_connected() && self.network.northbound().is_connected()
    }

    fn note(&self, event: Event) {
        let southbound = self.network.southbound().replica();
        match event {
            Event::Resync => {
                self.network.liveness().forget();
                self.network.ports_moved(southbound.read(status::bound));
            }
            Event::Changed(changes) => {
                self.network.ports_moved(southbound.read(|contents| status::moved_bindings(contents, &changes)));
            }
            Event::Disconnected { .. } => {}
        }
    }

    fn look(&self) {
        let (now, down_after) = (self.network.clock().now(), self.network.options().chassis_down_after);
        let southbound = self.network.southbound().replica();
        match southbound.read(|contents| self.network.liveness().look(contents, now, down_after)) {
            Ok(changed) if changed.is_empty() => {}
            Ok(changed) => {
                for name in &changed {
                    match self.network.liveness().is_alive(name) {
                        true => tracing::info!(chassis = name, "the chassis is back"),
                        false => {
                            tracing::warn!(chassis = name, "the chassis gives no sign of life: its ports are down")
                        }
                    }
                }
                self.network.ports_moved(southbound.read(|contents| status::carried_by(contents, &changed)));
            }
            Err(error) => {
                let error = ferrostack_base::chain(&error).to_string();
                tracing::warn!(error, "the chassis' signs of life cannot be read");
            }
        }
    }

    async fn lead(&mut self) {
        let (now, pause) = (self.network.clock().now(), self.network.options().chassis_probe);
        if self.asked.is_none_or(|asked| asked + pause <= now) {
            self.asked = Some(now);
            if let Err(error) = chassis::ask(&self.network).await {
                let error = ferrostack_base::chain(&error).to_string();
                tracing::warn!(error, "the chassis could not be asked for a sign of life");
            }
        }
        if let Err(error) = gateways::choose(&self.network).await {
            let error = ferrostack_base::chain(&error).to_string();
            tracing::warn!(error, "the gateway chassis could not be written; it is tried again");
            self.network.clock().sleep(LOOK).await;
        }
    }
}
