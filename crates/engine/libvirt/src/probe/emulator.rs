//! Runs QEMU on something to boot, and watches what becomes of it.

use std::{fmt, fs::Permissions, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use ferrostack_base::Clock;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use super::{ProbeBoot, ProbeSettings, boot_sector, user::User};
use crate::VirtType;

/// What is kept of a guest's or QEMU's output.
const KEPT: usize = 64 * 1024;
/// QEMU's words when KVM gave up; the guest is paused then, and QEMU stays.
const BROKEN: &str = "KVM internal error";
/// What a kernel says when it is through: processes start, or would if there were a root file system.
const KERNEL_READY: [&str; 2] = ["Run /init as init process", "Unable to mount root fs"];

/// One boot.
pub(super) struct Trial {
    /// `-accel`.
    pub(super) accelerator: VirtType,
    /// As whom; none = as this process.
    pub(super) user: Option<User>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All was done.
    Ready,
    /// QEMU could not be started.
    NotStarted(String),
    /// KVM gave up. How far the guest was, and QEMU's words.
    Broken { reached: String, words: String },
    /// QEMU ended before the guest was ready.
    Ended { reached: String, words: String },
    /// The guest was not ready in time.
    TooSlow { reached: String, seconds: u64 },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => write!(f, "ready"),
            Self::NotStarted(why) => write!(f, "QEMU could not be started: {why}"),
            Self::Broken { reached, words } => write!(f, "KVM gave up ({words}) after: {reached}"),
            Self::Ended { reached, words } => write!(f, "QEMU ended ({words}) after: {reached}"),
            Self::TooSlow { reached, seconds } => write!(f, "not ready within {seconds} s, after: {reached}"),
        }
    }
}

/// What is heard while the guest runs.
#[derive(Default)]
struct Heard {
    guest: Vec<u8>,
    emulator: Vec<u8>,
}

impl Trial {
    pub(super) async fn run(&self, settings: &ProbeSettings, clock: &Clock) -> Outcome {
        // It holds the boot sector for as long as QEMU runs.
        let place = match tempfile::Builder::new().prefix("ferrostack-probe-").tempdir() {
            Ok(place) => place,
            Err(error) => return Outcome::NotStarted(error.to_string()),
        };
        let mut child = match self.start(settings, place.path()).await {
            Ok(child) => child,
            Err(error) => return Outcome::NotStarted(format!("{}: {error}", settings.emulator.display())),
        };
        let mut heard = Heard::default();
        let watched = clock.timeout(settings.deadline, watch(&mut child, &mut heard)).await;
        // It may have ended by itself.
        let _ = child.kill().await;
        let reached = heard.reached(&settings.boot);
        let words = || heard.words();
        match watched {
            Err(_) => Outcome::TooSlow { reached, seconds: settings.deadline.as_secs() },
            Ok(_) if heard.is_broken() => Outcome::Broken { reached, words: words() },
            Ok(code) if heard.is_ready(&settings.boot, code) => Outcome::Ready,
            Ok(_) => Outcome::Ended { reached, words: words() },
        }
    }

    async fn start(&self, settings: &ProbeSettings, place: &Path) -> std::io::Result<Child> {
        let mut command = Command::new(&settings.emulator);
        // Nothing of the machine's configuration, no devices but those named here, no window, no network.
        command.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "pc"]);
        match self.accelerator {
            VirtType::Kvm => command.args(["-accel", "kvm", "-cpu", "host"]),
            VirtType::Qemu => command.args(["-accel", "tcg", "-cpu", "max"]),
        };
        command.args(["-chardev", "stdio,id=out,signal=off"]);
        match &settings.boot {
            ProbeBoot::Sector => {
                let file = place.join("sector.img");
                tokio::fs::write(&file, boot_sector::image()).await?;
                // The guest's user must get through and may read; nothing here is secret.
                tokio::fs::set_permissions(place, Permissions::from_mode(0o755)).await?;
                tokio::fs::set_permissions(&file, Permissions::from_mode(0o644)).await?;
                command.args(["-m", "16", "-device", "isa-debugcon,iobase=0xe9,chardev=out"]);
                command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-drive"]);
                command.arg(format!("file={},format=raw,if=ide,snapshot=on", file.display()));
            }
            ProbeBoot::Kernel { kernel, initrd } => {
                command.args(["-m", "256", "-serial", "chardev:out", "-append", "console=ttyS0 panic=-1 oops=panic"]);
                command.arg("-kernel").arg(kernel);
                if let Some(initrd) = initrd {
                    command.arg("-initrd").arg(initrd);
                }
            }
        }
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    }
}

/// Listens until QEMU ends, KVM gives up, or a kernel is ready; QEMU's exit code where it ended.
async fn watch(child: &mut Child, heard: &mut Heard) -> Option<i32> {
    let (mut guest, mut emulator) = (child.stdout.take(), child.stderr.take());
    while guest.is_some() || emulator.is_some() {
        tokio::select! {
            open = listen(&mut guest, &mut heard.guest), if guest.is_some() => if !open { guest = None },
            open = listen(&mut emulator, &mut heard.emulator), if emulator.is_some() => if !open { emulator = None },
        }
        if heard.is_broken() || heard.kernel_is_ready() {
            return None;
        }
    }
    child.wait().await.ok().and_then(|status| status.code())
}

/// Takes in what there is; false = it ended.
async fn listen(from: &mut Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> bool {
    let Some(from) = from else { return false };
    let mut buffer = [0_u8; 4096];
    let got = from.read(&mut buffer).await.unwrap_or(0);
    into.extend_from_slice(&buffer[..got.min(KEPT.saturating_sub(into.len()))]);
    got > 0
}

impl Heard {
    fn is_broken(&self) -> bool {
        String::from_utf8_lossy(&self.emulator).contains(BROKEN)
    }

    fn kernel_is_ready(&self) -> bool {
        let guest = String::from_utf8_lossy(&self.guest);
        KERNEL_READY.iter().any(|sign| guest.contains(sign))
    }

    fn is_ready(&self, boot: &ProbeBoot, code: Option<i32>) -> bool {
        match boot {
            ProbeBoot::Sector => code == Some(boot_sector::EXIT_CODE),
            ProbeBoot::Kernel { .. } => self.kernel_is_ready(),
        }
    }

    /// How far the guest came, in words.
    fn reached(&self, boot: &ProbeBoot) -> String {
        let guest = String::from_utf8_lossy(&self.guest);
        match boot {
            ProbeBoot::Sector => boot_sector::reached(&guest),
            ProbeBoot::Kernel { .. } => {
                let last = guest.lines().rev().map(str::trim).find(|line| !line.is_empty());
                last.map_or_else(
                    || "nothing was printed".to_owned(),
                    |line| format!("{:?}", line.chars().take(120).collect::<String>()),
                )
            }
        }
    }

    /// What QEMU said: from KVM's error on, a few lines of it; else the last line.
    fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.emulator);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let Some(start) = lines.iter().position(|line| line.contains(BROKEN)) else {
            return lines.last().map_or_else(|| "without a word".to_owned(), |line| (*line).to_owned());
        };
        let dump = |line: &&&str| line.contains('=') || line.starts_with("extra data");
        lines[start..].iter().filter(|line| !dump(line)).take(3).copied().collect::<Vec<_>>().join(", ")
    }
}
