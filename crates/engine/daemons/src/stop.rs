//! Stopping the engines that we have started, and removing what they leave.

use std::{fs, path::Path, time::Duration};

use ferrostack_base::Clock;

use crate::{
    DaemonError, EngineOptions, Owner,
    bridge::{MARK, Verdict, judge_external},
    catalog, database,
    engines::INTEGRATION_BRIDGE,
    health, init_system, nat,
    open_vswitch::OpenVswitch,
    places::SYSTEM_ID_FILE,
    state::State,
};

/// How long an engine may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stops the engines that we have started, in the reverse order; those of an init system or of somebody else go on. Guests
/// go on too, but without network: with the userspace datapath their packets pass through vswitchd. Gives the names of
/// the engines stopped.
///
/// # Errors
/// [`DaemonError::Stop`] when one does not even end by a kill.
pub async fn stop(options: &EngineOptions) -> Result<Vec<&'static str>, DaemonError> {
    let Some(state) = State::open_if_there(&options.state_dir)? else { return Ok(Vec::new()) };
    let init = init_system::runs(options.start_by);
    let mut stopped = Vec::new();
    for daemon in catalog::all().iter().rev() {
        let Some(process) = daemon.find() else { continue };
        if health::owner(&process, state.mark(), init) != Owner::Ourselves {
            continue;
        }
        if !process.end(&options.clock, PATIENCE).await {
            return Err(DaemonError::Stop { engine: daemon.name.to_owned(), pid: process.pid });
        }
        daemon.clear_leftovers(&process);
        tracing::info!(engine = daemon.name, pid = process.pid, "engine stopped");
        stopped.push(daemon.name);
    }
    Ok(stopped)
}

/// Removes what we have made: bridges with our mark, address translation, what OVN knows of the node, then the engines
/// that we have started and the databases that we have made. What others have made stays.
///
/// # Errors
/// What could not be removed; running it again goes on.
pub async fn purge(options: &EngineOptions) -> Result<(), DaemonError> {
    let Some(state) = State::open_if_there(&options.state_dir)? else { return Ok(()) };
    let clock = &options.clock;
    // Else it makes its bridge again.
    end_ours(clock, options, &state, catalog::CONTROLLER).await?;
    let names: Vec<_> = std::iter::once(INTEGRATION_BRIDGE)
        .chain(options.external.as_ref().map(|external| external.bridge.as_str()))
        .collect();
    // The kernel keeps its bridges when vswitchd has ended; only vswitchd takes them away.
    let is_there = |name: &&str| Path::new("/proc/sys/net/ipv4/conf").join(name).exists();
    if !init_system::runs(options.start_by) && names.iter().any(is_there) {
        for name in [catalog::OPEN_VSWITCH_SERVER, catalog::VSWITCHD] {
            for daemon in catalog::all().iter().filter(|daemon| daemon.name == name && daemon.find().is_none()) {
                daemon.start(clock, &state).await?;
            }
        }
    }
    if runs(catalog::OPEN_VSWITCH_SERVER) {
        remove_from_switch(clock, &state, &names).await?;
    }
    if let Some(external) = &options.external {
        nat::remove(clock, &external.bridge, &external.addresses).await;
    }
    stop(options).await?;
    for file in state.made()? {
        for path in [database::lock_of(&file), file] {
            remove(&path)?;
        }
    }
    // The scripts of Open vSwitch make it anew when it is missing.
    if fs::read_to_string(SYSTEM_ID_FILE).is_ok_and(|id| id.trim() == state.mark()) {
        remove(Path::new(SYSTEM_ID_FILE))?;
    }
    state.remove()
}

fn runs(name: &str) -> bool {
    catalog::all().iter().any(|daemon| daemon.name == name && daemon.find().is_some())
}

/// Takes our bridges and what we have said of the node out of Open vSwitch.
async fn remove_from_switch(clock: &Clock, state: &State, bridges: &[&str]) -> Result<(), DaemonError> {
    let switch = OpenVswitch::connect(clock).await?;
    for name in bridges {
        let found = switch.bridge(name).await?;
        if found.is_some_and(|bridge| judge_external(&bridge, state.mark()) == Verdict::Ours) {
            switch.delete_bridge(name).await?;
        }
    }
    if switch.node().await?.external_ids.get(MARK).is_some_and(|mark| mark == state.mark()) {
        let keys =
            [MARK, "ovn-remote", "ovn-encap-type", "ovn-encap-ip", "ovn-bridge-mappings", "ovn-bridge-datapath-type"];
        switch.delete_external_ids(&keys).await?;
    }
    if runs(catalog::VSWITCHD) {
        switch.wait_applied("the removal of bridges").await?;
    }
    Ok(())
}

async fn end_ours(clock: &Clock, options: &EngineOptions, state: &State, name: &str) -> Result<(), DaemonError> {
    let init = init_system::runs(options.start_by);
    for daemon in catalog::all().iter().filter(|daemon| daemon.name == name) {
        if let Some(process) = daemon.find()
            && health::owner(&process, state.mark(), init) == Owner::Ourselves
            && !process.end(clock, PATIENCE).await
        {
            return Err(DaemonError::Stop { engine: name.to_owned(), pid: process.pid });
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), DaemonError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(DaemonError::file("remove", path)(error)),
        _ => Ok(()),
    }
}
