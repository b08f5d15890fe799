//! A libvirtd of a test's own, in its own mount, network, host name and process namespaces: it sees nothing of the
//! machine's, the machine nothing of it, and all of it ends with the test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_libvirt::{KeepAlive, Settings};

/// Runs inside, as the namespaces' first process. An empty file that only root may open hides `/dev/kvm`: libvirt asks
/// every emulator anew, for seconds, at each call when it can open the device as root but guests' user can't. libvirt
/// then can't make a `/dev` of each guest's own (it would move that file), so it is told not to. The shell stays, since the first process must reap orphans: libvirt waits until a QEMU that it killed is no longer there.
const INSIDE: &str = r#"
set -e; B="$1"
mkdir -p "$B"/etc "$B"/run/libvirt "$B"/lib "$B"/log "$B"/cache; chmod 755 "$B" "$B"/run "$B"/lib
mount --make-rprivate /
mount --bind "$B"/etc /etc/libvirt; mount --bind "$B"/run /run; mount --bind "$B"/lib /var/lib/libvirt
mount --bind "$B"/log /var/log/libvirt; mount --bind "$B"/cache /var/cache/libvirt
if [ -e /dev/kvm ]; then : > "$B"/no-kvm; chmod 600 "$B"/no-kvm; mount --bind "$B"/no-kvm /dev/kvm; fi
echo 'namespaces = []' > "$B"/etc/qemu.conf
hostname fs-test-$$; ip link set lo up
: > "$B"/ready
while :; do sleep 3600 & wait $!; done
"#;

/// The daemons.
pub(crate) struct Daemons {
    clock: Clock,
    base: tempfile::TempDir,
    holder: Child,
    inside: u32,
    running: Vec<Child>,
}

impl Daemons {
    /// Starts virtlogd and libvirtd; `None`, with the reason printed, where that is not possible.
    pub(crate) async fn start() -> Option<Self> {
        for program in [
            "/usr/sbin/libvirtd",
            "/usr/sbin/virtlogd",
            "/usr/bin/unshare",
            "/usr/bin/nsenter",
            "/usr/bin/qemu-system-x86_64",
        ] {
            if !Path::new(program).exists() {
                eprintln!("skipped: {program} is not installed");
                return None;
            }
        }
        let base = tempfile::Builder::new().prefix("fs-libvirt-").tempdir_in("/tmp").unwrap();
        let mut holder = Command::new("unshare");
        holder.args([
            "-m",
            "-u",
            "-n",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "bash",
            "-c",
            INSIDE,
            "inside",
        ]);
        let mut holder = holder.arg(base.path()).stdin(Stdio::null()).spawn().unwrap();
        let clock = Clock::system();
        for _ in 0..100 {
            if base.path().join("ready").exists() || holder.try_wait().unwrap().is_some() {
                break;
            }
            clock.sleep(Duration::from_millis(20)).await;
        }
        if !base.path().join("ready").exists() {
            eprintln!("skipped: no namespaces can be made here (root is needed)");
            let _ = holder.kill();
            let _ = holder.wait();
            return None;
        }
        let children = format!("/proc/{0}/task/{0}/children", holder.id());
        let inside = fs::read_to_string(children).unwrap().trim().parse().unwrap();
        let mut daemons = Self { clock, base, holder, inside, running: Vec::new() };
        daemons.spawn(&["virtlogd", "--pid-file", "/run/virtlogd.pid"]);
        daemons.wait_for(&daemons.path("run/libvirt/virtlogd-sock")).await;
        daemons.start_libvirtd().await;
        Some(daemons)
    }

    /// Starts libvirtd, also again.
    pub(crate) async fn start_libvirtd(&mut self) {
        let _ = fs::remove_file(self.socket());
        self.spawn(&["libvirtd", "--pid-file", "/run/libvirtd.pid"]);
        self.wait_for(&self.socket()).await;
    }

    /// Kills libvirtd as nothing else could.
    pub(crate) fn kill_libvirtd(&self) {
        let pid = fs::read_to_string(self.path("run/libvirtd.pid")).unwrap();
        assert!(self.inside(&["kill", "-9", pid.trim()]).status().unwrap().success());
    }

    /// A command in the daemons' namespaces.
    pub(crate) fn inside(&self, command: &[&str]) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["-t", &self.inside.to_string(), "-m", "-u", "-n", "-p"]).args(command);
        inside.stdin(Stdio::null());
        inside
    }

    /// How to reach libvirtd; it is noticed within seconds when it hangs.
    pub(crate) fn settings(&self) -> Settings {
        let keepalive = Some(KeepAlive { interval: Duration::from_secs(2), count: 3 });
        Settings { keepalive, ..Settings::socket(self.socket().to_str().unwrap()) }
    }

    /// A place for the test's files, which QEMU's user may enter.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    /// A field of the status of a domain's QEMU, as the kernel gives it.
    pub(crate) fn emulator_status(&self, domain: &str, field: &str) -> String {
        let pid = fs::read_to_string(self.path(&format!("run/libvirt/qemu/{domain}.pid"))).unwrap();
        let status = self.inside(&["cat", &format!("/proc/{}/status", pid.trim())]).output().unwrap();
        let status = String::from_utf8(status.stdout).unwrap();
        status.lines().find_map(|line| line.strip_prefix(field)).unwrap().trim().to_owned()
    }

    fn socket(&self) -> PathBuf {
        self.path("run/libvirt/libvirt-sock")
    }

    fn spawn(&mut self, command: &[&str]) {
        let log = fs::File::options().create(true).append(true).open(self.path("daemons.log")).unwrap();
        let child = self.inside(command).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.running.push(child);
    }

    async fn wait_for(&self, path: &Path) {
        for _ in 0..500 {
            if path.exists() {
                return;
            }
            self.clock.sleep(Duration::from_millis(20)).await;
        }
        panic!("{} does not appear; {}", path.display(), fs::read_to_string(self.path("daemons.log")).unwrap());
    }
}

impl Drop for Daemons {
    fn drop(&mut self) {
        // The first process of the process namespace takes all others with it.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
        for child in &mut self.running {
            // `nsenter` stops itself when its child is stopped
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
