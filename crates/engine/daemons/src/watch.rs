//! Watching: an engine of ours that dies is started again, and what its end has broken is set right.
//!
//! Theory of operation. Each half second all processes are looked up by their pid files, which costs a few small reads in
//! `/proc`. What is gone and was ours is started again, with growing pauses while it keeps dying; what was the init
//! system's or somebody else's is theirs to start. Each engine is watched by itself: a start may wait for another engine.
//! vswitchd needs more: whoever has replaced it (we, its own monitor, systemd), its new process has made the devices anew,
//! so a new process number is the sign. The external bridge is looked at, too, but not so often: scripts and people flush
//! addresses and delete bridges.

use std::time::Duration;

use ferrostack_base::{Timestamp, chain};

use crate::{Daemon, Owner, Running, catalog, health, process::Process};

/// How often one looks.
const PERIOD: Duration = Duration::from_millis(500);
/// How often one looks at the external bridge.
const OUTSIDE: Duration = Duration::from_secs(5);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Who has lived that long gets a fresh start.
const SETTLED: Duration = Duration::from_secs(60);

/// What is known of one engine.
#[derive(Debug, Default)]
struct Seen {
    last: Option<Process>,
    ours: bool,
    deaths: u32,
    not_before: Option<Timestamp>,
    alive_since: Option<Timestamp>,
}

impl Running {
    /// Watches the engines until it is dropped; meant to be spawned once.
    pub async fn watch(&self) {
        let engines = self.0.engines.daemons.iter().map(|daemon| self.watch_one(daemon));
        futures::future::join(futures::future::join_all(engines), self.watch_outside()).await;
    }

    /// Watches one engine. The others are not held up: vswitchd starts only when its database is there.
    async fn watch_one(&self, daemon: &Daemon) {
        let mut seen = Seen::default();
        let mut must_set_right = false;
        loop {
            must_set_right |= self.look(daemon, &mut seen).await && daemon.name == catalog::VSWITCHD;
            if must_set_right {
                match self.set_right().await {
                    Ok(()) => {
                        must_set_right = false;
                        self.0.switch_restarts.send_modify(|count| *count += 1);
                        tracing::info!("ovs-vswitchd was started again; its devices are set right");
                    }
                    Err(error) => tracing::warn!(error = %chain(&error), "devices are not set right yet"),
                }
            }
            self.0.engines.options.clock.sleep(PERIOD).await;
        }
    }

    /// Watches the external bridge. While vswitchd is away, or has just come back, its devices are [`Self::set_right`]'s.
    async fn watch_outside(&self) {
        let clock = &self.0.engines.options.clock;
        let mut before = None;
        loop {
            clock.sleep(OUTSIDE).await;
            let switch = self.0.engines.daemon(catalog::VSWITCHD).ok().and_then(Daemon::find);
            let same = switch.is_some() && switch == before;
            before = switch;
            if same && let Err(error) = self.restore_external().await {
                tracing::warn!(error = %chain(&error), "the external bridge is not as it should be");
            }
        }
    }

    /// Looks at one engine and starts it again when it is ours to start. Whether another process than before does its
    /// work now.
    async fn look(&self, daemon: &Daemon, seen: &mut Seen) -> bool {
        let engines = &self.0.engines;
        let now = engines.options.clock.now();
        if let Some(process) = daemon.find() {
            let replaced = seen.last.as_ref().is_some_and(|last| *last != process);
            if replaced || seen.last.is_none() {
                seen.ours = health::owner(&process, engines.state.mark(), engines.init) == Owner::Ourselves;
                seen.alive_since = Some(now);
                seen.last = Some(process);
            } else if seen.alive_since.is_some_and(|since| now.since(since) > SETTLED) {
                seen.deaths = 0;
            }
            return replaced;
        }
        if seen.last.is_none() && seen.deaths == 0 {
            // It ran a moment ago, or there would be no `Running`.
            seen.ours = !engines.init;
        }
        if seen.alive_since.take().is_some() {
            let pid = seen.last.as_ref().map(|process| process.pid);
            tracing::warn!(engine = daemon.name, pid, ours = seen.ours, "engine has ended");
        }
        if !seen.ours || seen.not_before.is_some_and(|time| now < time) {
            return false;
        }
        if let Some(dead) = &seen.last {
            daemon.clear_leftovers(dead);
        }
        seen.not_before = Some(now + pause(seen.deaths));
        seen.deaths += 1;
        match daemon.start(&engines.options.clock, &engines.state).await {
            Ok(process) => {
                seen.last = Some(process);
                seen.alive_since = Some(engines.options.clock.now());
                true
            }
            Err(error) => {
                tracing::error!(engine = daemon.name, error = %chain(&error), "engine cannot be started again");
                false
            }
        }
    }
}

/// How long to leave an engine alone after it has died for the `deaths`-th time in a row.
fn pause(deaths: u32) -> Duration {
    Duration::from_secs(1).saturating_mul(1 << deaths.min(4)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_but_not_for_long() {
        // Servers are without it as long as it is away.
        let pauses: Vec<_> = (0..7).map(|deaths| pause(deaths).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10]);
    }
}
