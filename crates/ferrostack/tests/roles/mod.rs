//! An isolated cloud of several processes, and its API.

mod api;
mod process;

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ferrostack_base::Clock;
use ferrostack_daemons::isolate;
use tempfile::TempDir;

use api::Api;
use process::Running;

/// What must be there.
const PROGRAMS: [&str; 7] =
    ["ovs-vswitchd", "ovn-northd", "ovn-controller", "libvirtd", "virtlogd", "qemu-system-x86_64", "qemu-img"];

/// A process of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Controller,
    Agent,
}

/// The cloud; removed when it is dropped.
pub(crate) struct Cloud {
    name: String,
    state_dir: TempDir,
    listen: String,
    image: PathBuf,
    processes: BTreeMap<Role, Running>,
}

impl Cloud {
    /// A cloud with certificates and nothing else; `None`, with the reason printed, where engines can't be started.
    pub(crate) fn new(name: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root can start engines");
            return None;
        }
        let is_there =
            |program: &&str| ["/usr/sbin", "/usr/bin"].iter().any(|dir| Path::new(dir).join(program).exists());
        if let Some(missing) = PROGRAMS.iter().find(|program| !is_there(program)) {
            println!("skipped: {missing} is not installed");
            return None;
        }
        let Some(image) = guest_image() else {
            println!("skipped: there is no guest image; script/guest-image makes it");
            return None;
        };
        let name = format!("fsr-{}-{name}", std::process::id());
        let state_dir = tempfile::Builder::new().prefix("fsr-").tempdir_in("/tmp").unwrap();
        // QEMU's user passes through.
        fs::set_permissions(state_dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        // The node passes guests' questions for metadata on to where the APIs of these settings listen.
        let settings = format!("[api]\nlisten = \"{listen}\"\n");
        fs::write(state_dir.path().join("ferrostack.toml"), settings).unwrap();
        let cloud = Self { name, state_dir, listen, image, processes: BTreeMap::new() };
        cloud.run(&["init"]);
        let bundle = cloud.path("agent/tls");
        cloud.run(&["init", "--node", &cloud.name, "--out", &bundle]);
        Some(cloud)
    }

    /// The name of its node.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What its servers boot from.
    pub(crate) fn image(&self) -> &Path {
        &self.image
    }

    fn path(&self, name: &str) -> String {
        self.state_dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferrostack"));
        command.args(args).args(["--language", "en", "--config", &self.path("ferrostack.toml")]);
        command.arg("--state-dir").arg(self.state_dir.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command, which must end well; what it prints.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What `status` says on a node's machine that has no database.
    pub(crate) fn status_of_node(&self) -> String {
        let file = self.path("node.toml");
        let (none, agent) = (self.path("none"), self.path("agent"));
        fs::write(&file, format!("[state]\ndir = \"{none}\"\n[agent]\ndir = \"{agent}\"\n")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferrostack"));
        let output = command.args(["status", "--language", "en", "--config", &file]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a process and waits until it is ready.
    pub(crate) fn start(&mut self, role: Role) {
        let role_command = match role {
            Role::Controller => "controller",
            Role::Agent => "agent",
        };
        let command = self.command(&[role_command, "--isolate", &self.name]);
        self.processes.insert(role, Running::start(command));
    }

    /// What it has said since it was started.
    pub(crate) fn log(&mut self, role: Role) -> String {
        self.processes.get_mut(&role).unwrap().log()
    }

    /// `kill -9`
    pub(crate) fn kill(&mut self, role: Role) {
        self.processes.remove(&role).unwrap();
    }

    /// Tells it to stop; its exit code.
    pub(crate) fn stop(&mut self, role: Role) -> Option<i32> {
        self.processes.remove(&role).unwrap().stop()
    }

    /// The API, as the administrator sees it.
    pub(crate) async fn log_in(&self) -> Api {
        let password = fs::read_to_string(self.path("admin-password")).unwrap();
        Api::log_in(&format!("http://{}", self.listen), password.trim()).await
    }

    /// The process of a server's guest.
    pub(crate) fn guest(&self, server: &str) -> Option<u32> {
        let is_it = |entry: &fs::DirEntry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            line.starts_with(b"/usr/bin/qemu") && String::from_utf8_lossy(&line).contains(server)
        };
        let found = fs::read_dir("/proc").unwrap().flatten().find(is_it)?;
        found.file_name().to_str()?.parse().ok()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let logs: Vec<_> = self.processes.iter_mut().map(|(role, process)| (*role, process.log())).collect();
        self.processes.clear();
        let (dir, name) = (self.state_dir.path().to_owned(), self.name.clone());
        // A runtime can't be driven within another one.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(isolate::remove(&Clock::system(), &dir, &name))
        });
        if let Err(error) = removed.join().unwrap() {
            eprintln!("the cloud {} could not be removed: {}", self.name, ferrostack_base::chain(&error));
        }
        if std::thread::panicking() {
            for (role, log) in logs {
                eprintln!("--- {role:?}\n{log}");
            }
        }
    }
}

fn guest_image() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("FERROSTACK_TEST_GUEST_IMAGE") {
        return Some(named.into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let built = fs::read_dir(target.join("guest-image")).ok()?.flatten().map(|folder| folder.path().join("tiny.qcow2"));
    built.filter(|image| image.exists()).max_by_key(|image| fs::metadata(image).and_then(|meta| meta.modified()).ok())
}
