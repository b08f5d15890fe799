//! What an answer of the probe depends on.

use std::{fmt, os::unix::fs::MetadataExt, path::Path, process::Stdio, time::Duration};

use ferrostack_base::Clock;
use tokio::process::Command;

/// The machine, as far as the probe's answer depends on it: a remembered answer holds while this stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The processor's model and microcode.
    pub cpu: String,
    /// The kernel's release and build.
    pub kernel: String,
    /// The emulator's version.
    pub emulator: String,
    /// Who may open `/dev/kvm`, or that there is none.
    pub device: String,
}

impl Fingerprint {
    /// Of this machine. What can't be found out is empty.
    pub async fn take(emulator: &Path, clock: &Clock) -> Self {
        let read = |path| async move { tokio::fs::read_to_string(path).await.unwrap_or_default().trim().to_owned() };
        let version = Command::new(emulator).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
        let version = clock.timeout(Duration::from_secs(10), version).await;
        let version = version.ok().and_then(Result::ok).map(|output| output.stdout).unwrap_or_default();
        Self {
            cpu: cpu(&read("/proc/cpuinfo").await),
            kernel: format!("{} {}", read("/proc/sys/kernel/osrelease").await, read("/proc/sys/kernel/version").await),
            emulator: String::from_utf8_lossy(&version).lines().next().unwrap_or_default().to_owned(),
            device: device(Path::new("/dev/kvm")).await,
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {} | {} | {}", self.cpu, self.kernel, self.emulator, self.device)
    }
}

async fn device(path: &Path) -> String {
    match tokio::fs::metadata(path).await {
        Ok(found) => format!("{} {:o} {}:{}", path.display(), found.mode(), found.uid(), found.gid()),
        Err(_) => format!("no {}", path.display()),
    }
}

/// The first processor's identifying lines; not those that change by themselves, such as the frequency.
fn cpu(cpuinfo: &str) -> String {
    let first = cpuinfo.split("\n\n").next().unwrap_or_default();
    let kept =
        ["vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "CPU implementer", "CPU part"];
    let fields = first.lines().filter_map(|line| line.split_once(':'));
    let values = fields.filter(|(name, _)| kept.contains(&name.trim())).map(|(_, value)| value.trim());
    values.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequency_does_not_matter() {
        let info = |mhz: &str| {
            format!(
                "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 207\nmodel name\t: Xeon\ncpu MHz\t\t: {mhz}\n\nprocessor\t: 1\n"
            )
        };
        assert_eq!(cpu(&info("2100.0")), "GenuineIntel 207 Xeon");
        assert_eq!(cpu(&info("2100.0")), cpu(&info("3400.5")));
    }
}
