//! Whether hardware virtualization really works here.
//!
//! Theory of operation. That `/dev/kvm` exists, can be opened, and even that libvirt lists `kvm`, proves nothing: seen
//! are hosts whose KVM runs a guest by emulating its instructions one by one in the kernel. The firmware starts, a little
//! assembler works, and a real kernel never comes up, either because it is ten thousand times too slow, or because it
//! uses an instruction that the emulation does not know, upon which QEMU stays there for ever with a paused guest. So
//! something is booted: 512 bytes of our own ([`boot_sector`]) that do what every kernel does first and take a second,
//! or a real kernel when the caller has one. Both must be through before a deadline; QEMU's words "KVM internal error"
//! end the wait at once.
//!
//! First the probe runs as this process does; when that works, once more as the user that libvirt's guests run as, which
//! may lack the right to open `/dev/kvm`.
//!
//! That case has another side: libvirtd asks each emulator what it can do with root's rights, and then finds that guests
//! could not open the device, upon which it throws its answers away and asks again, at *every* call that needs them (seen:
//! 3.9 s each, 12 s for the first, instead of 14 ms and 3.6 s). Either both may open the device (`root:kvm`, mode 0660, as
//! udev sets it), or none: an empty file with mode 0600 mounted over it in libvirtd's own mount namespace, together with
//! `namespaces = []` in `qemu.conf`, since libvirt could not move that mount into the `/dev` that it makes for each guest.
//!
//! Remembering the answer is the caller's: a [`Fingerprint`] says whether it still holds.

pub mod boot_sector;
mod emulator;
mod fingerprint;
mod user;

use std::{path::PathBuf, time::Duration};

use ferrostack_base::Clock;

use crate::VirtType;
use emulator::{Outcome, Trial};

pub use fingerprint::Fingerprint;

/// What to boot, how, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// The emulator; looked for in `PATH` when it is only a name.
    pub emulator: PathBuf,
    /// The character device of KVM.
    pub device: PathBuf,
    /// The longest that one boot may take. Where KVM works the boot sector needs half a second and a kernel two.
    pub deadline: Duration,
    /// The user that libvirt's guests run as; tried when this process is root and the user exists.
    pub guest_user: Option<String>,
    /// What is booted.
    pub boot: ProbeBoot,
}

/// What the probe boots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProbeBoot {
    /// Our own boot sector.
    #[default]
    Sector,
    /// A Linux kernel.
    Kernel {
        /// The kernel's file.
        kernel: PathBuf,
        /// The initial RAM disk's file; without one, the kernel's complaint that it has no root file system is success.
        initrd: Option<PathBuf>,
    },
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            emulator: "qemu-system-x86_64".into(),
            device: "/dev/kvm".into(),
            deadline: Duration::from_secs(10),
            guest_user: Some("libvirt-qemu".into()),
            boot: ProbeBoot::Sector,
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What guests should use.
    pub virt_type: VirtType,
    /// Why, for operators.
    pub reason: String,
    /// How long it took to find out.
    pub took: Duration,
}

/// Finds out by booting something. Never fails: where nothing can be tried, the answer is emulation, and why.
pub async fn probe(settings: &ProbeSettings, clock: &Clock) -> Verdict {
    let start = clock.now();
    let answer = decide(settings, clock).await;
    let took = Duration::from_micros(u64::try_from(clock.now().micros() - start.micros()).unwrap_or(0));
    let (virt_type, reason) = match answer {
        Ok(reason) => (VirtType::Kvm, reason),
        Err(reason) => (VirtType::Qemu, reason),
    };
    Verdict { virt_type, reason, took }
}

/// `Ok` = KVM works, `Err` = it does not; the text says why in both cases.
async fn decide(settings: &ProbeSettings, clock: &Clock) -> Result<String, String> {
    let device = settings.device.display();
    if let Err(error) = tokio::fs::metadata(&settings.device).await {
        return Err(format!("{device}: {error}"));
    }
    let what = match &settings.boot {
        ProbeBoot::Sector => "the probe's boot sector".to_owned(),
        ProbeBoot::Kernel { kernel, .. } => kernel.display().to_string(),
    };
    let accelerated = Trial { accelerator: VirtType::Kvm, user: None };
    match accelerated.run(settings, clock).await {
        Outcome::Ready => {}
        failed => return Err(format!("{what} did not get through under KVM: {failed}")),
    }
    let Some(user) = user::guest_user(settings.guest_user.as_deref()).await else {
        return Ok(format!("{what} got through under KVM"));
    };
    let name = user.name.clone();
    match (Trial { accelerator: VirtType::Kvm, user: Some(user) }).run(settings, clock).await {
        Outcome::Ready => Ok(format!("{what} got through under KVM, also as user {name}")),
        failed => Err(format!(
            "KVM works for root, but not for {name}, as whom guests run (who may open {device}?): {failed}"
        )),
    }
}

/// Boots the same under QEMU's translator, which needs nothing of the host: tells a broken probe or emulator from a
/// broken KVM. `Err` says what went wrong.
///
/// # Errors
/// It did not get through.
pub async fn check_emulation(settings: &ProbeSettings, clock: &Clock) -> Result<(), String> {
    match (Trial { accelerator: VirtType::Qemu, user: None }).run(settings, clock).await {
        Outcome::Ready => Ok(()),
        failed => Err(failed.to_string()),
    }
}
