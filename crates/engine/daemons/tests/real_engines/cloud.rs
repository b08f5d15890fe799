//! An isolated cloud of a test, seen from outside.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_daemons::isolate;
use rustix::mount::{UnmountFlags, unmount};
use serde::{Deserialize, Serialize};

/// What a scene found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// How long the start took.
    pub millis: i64,
    pub system_id: String,
    pub engines: Vec<EngineFact>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct EngineFact {
    pub name: String,
    pub version: String,
    pub healthy: bool,
    pub pid: Option<i32>,
    pub memory: u64,
    pub reason: Option<String>,
}

impl Facts {
    pub fn line(&self) -> String {
        format!("FACTS {}", serde_json::to_string(self).unwrap())
    }

    pub fn find(output: &str) -> Option<Self> {
        let line = output.lines().find_map(|line| line.split_once("FACTS "))?.1;
        serde_json::from_str(line).ok()
    }

    pub fn pids(&self) -> Vec<i32> {
        self.engines.iter().filter_map(|engine| engine.pid).collect()
    }

    pub fn table(&self) -> String {
        let line = |engine: &EngineFact| {
            format!("  {:16} {:8} {:6.1} MB\n", engine.name, engine.version, engine.memory as f64 / 1e6)
        };
        self.engines.iter().map(line).collect()
    }
}

/// Whether a program is there; says so when not.
pub fn is_installed(program: &str) -> bool {
    let there = ["/usr/sbin", "/usr/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
    if !there {
        println!("skipped: {program} is not installed");
    }
    there
}

/// Whether the engines are there; says so when not.
pub fn engines_are_installed() -> bool {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root {
        println!("skipped: only root can start engines");
    }
    root && ["ovs-vswitchd", "ovn-northd", "ovn-controller", "libvirtd", "virtlogd"].into_iter().all(is_installed)
}

/// An isolated cloud; removed at the latest when it is dropped.
pub struct Cloud {
    name: String,
    state_dir: tempfile::TempDir,
    listen: Option<SocketAddr>,
}

impl Cloud {
    pub fn new(name: &str) -> Self {
        let name = format!("fst-{}-{name}", std::process::id());
        let state_dir = tempfile::Builder::new().prefix("fst-").tempdir().unwrap();
        Self { name, state_dir, listen: None }
    }

    pub fn listening(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Starts a process of Ferrostack that plays a scene.
    pub fn start(&self, scene: &str) -> Child {
        self.start_by(Command::new(std::env::current_exe().unwrap()), scene)
    }

    fn start_by(&self, mut command: Command, scene: &str) -> Child {
        command.env("FST_SCENE", scene).env("FST_NAME", &self.name).env("FST_STATE_DIR", self.state_dir.path());
        if let Some(address) = self.listen {
            command.env("FST_LISTEN", address.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Plays a scene to its end.
    pub fn play(&self, scene: &str) -> Facts {
        Self::end_of(self.start(scene), scene)
    }

    /// Plays a scene in a process that was started inside.
    pub fn play_from_inside(&self, scene: &str) -> Facts {
        let prefix = isolate::command_prefix(self.state_dir.path(), &self.name);
        let mut command = Command::new(&prefix[0]);
        command.args(&prefix[1..]).arg(std::env::current_exe().unwrap());
        Self::end_of(self.start_by(command, scene), scene)
    }

    /// As `ip netns del` does.
    pub fn lose_network_name(&self) {
        let file = Path::new("/run/netns").join(&self.name);
        unmount(&file, UnmountFlags::DETACH).unwrap();
        fs::remove_file(file).unwrap();
    }

    /// As a `umount` by hand does.
    pub fn lose_mount_binding(&self) {
        let file = self.state_dir.path().join("isolated").join(&self.name).join("ns/mnt");
        unmount(file, UnmountFlags::DETACH).unwrap();
    }

    fn end_of(child: Child, scene: &str) -> Facts {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        println!("scene {scene}:\n{said}");
        assert!(output.status.success(), "scene {scene} failed");
        Facts::find(&said).unwrap_or_else(|| panic!("scene {scene} has no facts"))
    }

    /// Kills a scene after some time.
    pub fn play_for(&self, scene: &str, time: Duration) {
        let mut child = self.start(scene);
        std::thread::sleep(time);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The programs that run in the cloud's network namespace.
    pub fn processes(&self) -> Vec<String> {
        let Ok(network) = fs::metadata(Path::new("/run/netns").join(&self.name)) else { return Vec::new() };
        let inside = |entry: fs::DirEntry| {
            let its = fs::metadata(entry.path().join("ns/net")).ok()?;
            // A process that nobody has waited for has no namespaces any more.
            (its.ino() == network.ino())
                .then(|| fs::read_to_string(entry.path().join("comm")).ok())?
                .map(|name| name.trim().to_owned())
        };
        fs::read_dir("/proc").unwrap().flatten().filter_map(inside).collect()
    }

    /// The files in one of its private folders.
    pub fn kept(&self, folder: &str) -> Vec<String> {
        let path: PathBuf = self.state_dir.path().join("isolated").join(&self.name).join("root").join(folder);
        let names = fs::read_dir(path).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
        names.collect()
    }

    /// Removes it and looks whether anything is left.
    pub fn remove(self) {
        let before = self.processes();
        self.end();
        assert_eq!(self.processes(), Vec::<String>::new(), "before: {before:?}");
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let left: Vec<_> = mounts.lines().filter(|line| line.contains(&self.name)).collect();
        assert!(left.is_empty(), "{left:#?}");
        assert!(!Path::new("/run/netns").join(&self.name).exists());
        assert!(!self.state_dir.path().join("isolated").join(&self.name).exists());
    }

    fn end(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(isolate::remove(&Clock::system(), self.state_dir.path(), &self.name)).unwrap();
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.end();
    }
}
