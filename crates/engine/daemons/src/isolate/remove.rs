//! Removing an isolated cloud.

use std::{fs, io, path::Path, time::Duration};

use ferrostack_base::Clock;
use rustix::process::{Signal, geteuid};

use super::{Places, check_name, claim::Claim, namespace};
use crate::{
    DaemonError,
    process::{self, Process},
};

/// How long processes may take to end by themselves.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(20);

/// Ends everything that runs inside an isolated cloud (engines, guests, and whatever else was started in its
/// namespaces), removes the namespaces, and all its private folders with the databases and definitions in them. To be
/// called from outside. A cloud that is not there is fine.
///
/// # Errors
/// [`DaemonError::ForeignNamespace`]; [`DaemonError::Stop`] when a process does not end; [`DaemonError::File`]. Running it
/// again goes on.
pub async fn remove(clock: &Clock, state_dir: &Path, name: &str) -> Result<(), DaemonError> {
    if !geteuid().is_root() {
        return Err(DaemonError::NotRoot);
    }
    check_name(name)?;
    let Ok(state_dir) = state_dir.canonicalize() else { return Ok(()) };
    let places = Places::new(&state_dir, name);
    if !places.folder.exists() {
        return Ok(());
    }
    let claim = Claim::read(&places.claim)?;
    if namespace::is_kept(&places.network) && claim.is_none() {
        return Err(DaemonError::ForeignNamespace { name: name.to_owned() });
    }
    let claimed = claim.is_some();
    // Its name may have been taken away from it.
    let network = namespace::number(&places.network).or(claim.and_then(|claim| Some(claim.nameless(&places)?.0)));
    end_all(clock, &places, network).await?;
    namespace::unmount_all(&places.mount);
    namespace::unmount_all(&places.namespaces);
    if claimed {
        namespace::unmount_all(&places.network);
        match fs::remove_file(&places.network) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(DaemonError::file("remove", &places.network)(error));
            }
            _ => {}
        }
    }
    fs::remove_dir_all(&places.folder).map_err(DaemonError::file("remove", &places.folder))
}

/// Ends all processes in the cloud's namespaces. Both are looked at: a guest has a mount namespace of its own, and what
/// serves a network may have another network namespace.
async fn end_all(clock: &Clock, places: &Places, network: Option<u64>) -> Result<(), DaemonError> {
    let mount = namespace::number(&places.mount);
    if [("net", network), ("mnt", mount)].iter().any(|(kind, of)| of.is_some() && namespace::number_of_own(kind) == *of)
    {
        let reason = "can be removed only from outside; this process is in it".to_owned();
        return Err(DaemonError::Option { option: "isolate", value: places.folder.display().to_string(), reason });
    }
    let ask = |kind: Signal| {
        let members = members(network, mount);
        members.iter().for_each(|process| process.signal(kind));
        members
    };
    let patient = PATIENCE.as_millis() / STEP.as_millis();
    ask(Signal::TERM);
    for _ in 0..patient {
        if members(network, mount).is_empty() {
            return Ok(());
        }
        clock.sleep(STEP).await;
    }
    // Again and again: somebody may have been about to start another one.
    let mut left = Vec::new();
    for _ in 0..patient {
        left = ask(Signal::KILL);
        if left.is_empty() {
            return Ok(());
        }
        clock.sleep(STEP).await;
    }
    left.first().map_or(Ok(()), |process| {
        let engine = process.program.display().to_string();
        Err(DaemonError::Stop { engine, pid: process.pid })
    })
}

/// The living processes in one of the namespaces.
fn members(network: Option<u64>, mount: Option<u64>) -> Vec<Process> {
    let inside = |pid: &i32| {
        network.is_some() && namespace::number_of(*pid, "net") == network
            || mount.is_some() && namespace::number_of(*pid, "mnt") == mount
    };
    process::all().into_iter().filter(inside).filter_map(Process::read).collect()
}
