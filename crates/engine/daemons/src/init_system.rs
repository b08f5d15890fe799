//! systemd, where it runs.

use std::{path::Path, time::Duration};

use ferrostack_base::Clock;

use crate::{Daemon, DaemonError, StartBy, command};

/// systemd itself gives a unit 90 s.
const PATIENCE: Duration = Duration::from_secs(100);

/// Whether systemd runs the machine (sd_booted(3)) and may be asked.
pub(crate) fn runs(start_by: StartBy) -> bool {
    start_by == StartBy::InitSystemIfAny && Path::new("/run/systemd/system").is_dir()
}

/// Lets systemd start an engine; one that runs is left alone.
///
/// # Errors
/// [`DaemonError::Unit`]. No unit at all is an error of the engine's package.
pub(crate) async fn start(clock: &Clock, engine: &Daemon) -> Result<(), DaemonError> {
    for unit in engine.units {
        let loaded = command::run(clock, "systemctl", &["show", "--property=LoadState", "--value", unit]).await?;
        if loaded.trim() != "loaded" {
            continue;
        }
        let started = command::run_for(clock, PATIENCE, "systemctl", &["start", unit], "").await;
        return started.map(drop).map_err(|error| match error {
            DaemonError::Command { reason, .. } => {
                DaemonError::Unit { unit: (*unit).to_owned(), reason, package: engine.package }
            }
            other => other,
        });
    }
    let unit = engine.units.first().copied().unwrap_or_default().to_owned();
    Err(DaemonError::Unit { unit, reason: "there is no such unit".to_owned(), package: engine.package })
}
