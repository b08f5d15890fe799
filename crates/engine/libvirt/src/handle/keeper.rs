//! Opens the connection again when it is lost, so that events flow even when nobody calls.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::sync::Notify;

use super::Shared;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Starts the keeper; it ends when the last handle is gone.
pub(super) fn spawn(shared: &Arc<Shared>, lost: Arc<Notify>) {
    let weak = Arc::downgrade(shared);
    tokio::spawn(async move { keep(weak, lost).await });
}

async fn keep(shared: Weak<Shared>, lost: Arc<Notify>) {
    loop {
        lost.notified().await;
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(shared) = shared.upgrade() else { return };
            let opened = shared.clock.timeout(shared.settings.call_timeout, shared.connection()).await;
            if matches!(opened, Ok(Ok(_))) {
                break;
            }
            let clock = shared.clock.clone();
            drop(shared);
            clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The keeper looks whether anybody is left.
        self.listener.lost.notify_one();
    }
}
