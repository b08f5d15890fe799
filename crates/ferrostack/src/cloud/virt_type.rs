//! Whether guests of this machine run with the processor's help: as the settings say, or as a boot shows, once, remembered
//! until the machine changes.

use std::path::Path;

use anyhow::Context;
use ferrostack_base::Clock;
use ferrostack_config::{Settings, VirtTypeChoice};
use ferrostack_libvirt::{
    VirtType,
    probe::{Fingerprint, ProbeBoot, ProbeSettings, probe},
};
use serde::{Deserialize, Serialize};

/// The file in the node's folder that remembers.
const FILE: &str = "virt-type.json";

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) virt_type: VirtType,
    pub(super) reason: String,
}

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    fingerprint: String,
    kvm: bool,
    reason: String,
}

/// Decides; boots a guest when nothing is remembered of this machine as it is now.
pub(super) async fn decide(settings: &Settings, clock: &Clock) -> anyhow::Result<Decision> {
    let agent = &settings.agent;
    let set =
        |virt_type| Ok(Decision { virt_type, reason: format!("agent.virt_type is {:?}", agent.virt_type.as_str()) });
    match agent.virt_type {
        VirtTypeChoice::Kvm => return set(VirtType::Kvm),
        VirtTypeChoice::Qemu => return set(VirtType::Qemu),
        VirtTypeChoice::Auto => {}
    }
    let file = agent.dir.join(FILE);
    let boot = match agent.probe_kernel.clone() {
        Some(kernel) => ProbeBoot::Kernel { kernel, initrd: None },
        None => ProbeBoot::Sector,
    };
    let trial = ProbeSettings { boot, ..ProbeSettings::default() };
    let fingerprint = Fingerprint::take(&trial.emulator, clock).await.to_string();
    if let Some(known) = remembered(&file).filter(|known| known.fingerprint == fingerprint) {
        return Ok(decision(known.kvm, known.reason));
    }
    let verdict = probe(&trial, clock).await;
    let known = Remembered { fingerprint, kvm: verdict.virt_type == VirtType::Kvm, reason: verdict.reason };
    tracing::info!(kvm = known.kvm, reason = known.reason, "a boot decided how guests run");
    let text = serde_json::to_vec_pretty(&known)?;
    std::fs::create_dir_all(&agent.dir)
        .and_then(|()| std::fs::write(&file, text))
        .with_context(|| file.display().to_string())?;
    Ok(decision(known.kvm, known.reason))
}

fn decision(kvm: bool, reason: String) -> Decision {
    Decision { virt_type: if kvm { VirtType::Kvm } else { VirtType::Qemu }, reason }
}

/// What an earlier start has seen; a file that can't be read is as good as none.
fn remembered(file: &Path) -> Option<Remembered> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
