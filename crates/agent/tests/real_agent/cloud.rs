//! An isolated cloud of a test, seen from outside.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_daemons::isolate;

/// What must be there.
const PROGRAMS: [&str; 7] =
    ["ovs-vswitchd", "ovn-northd", "ovn-controller", "libvirtd", "virtlogd", "qemu-system-x86_64", "qemu-img"];

/// An isolated cloud; removed at the latest when it is dropped.
pub struct Cloud {
    name: String,
    state_dir: tempfile::TempDir,
    image: PathBuf,
}

impl Cloud {
    /// A cloud without engines yet; `None`, with the reason printed, where that is not possible.
    pub fn new(name: &str) -> Option<Self> {
        for program in PROGRAMS {
            if !["/usr/sbin", "/usr/bin"].iter().any(|folder| Path::new(folder).join(program).exists()) {
                println!("skipped: {program} is not installed");
                return None;
            }
        }
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            println!("skipped: only root can start engines");
            return None;
        }
        let Some(image) = guest_image() else {
            println!("skipped: there is no guest image; script/guest-image makes it");
            return None;
        };
        let name = format!("fsa-{}-{name}", std::process::id());
        let state_dir = tempfile::Builder::new().prefix("fsa-").tempdir_in("/tmp").unwrap();
        // QEMU's user passes through.
        fs::set_permissions(state_dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Some(Self { name, state_dir, image })
    }

    fn start(&self, scene: &str) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env("FSA_SCENE", scene)
            .env("FSA_NAME", &self.name)
            .env("FSA_STATE_DIR", self.state_dir.path())
            .env("FSA_IMAGE", &self.image);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Plays a scene to its end; what it said.
    pub fn play(&self, scene: &str) -> String {
        let output = self.start(scene).wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("SCENE PLAYED"), "scene {scene}:\n{said}");
        said
    }

    /// Kills a scene after some time.
    pub fn play_for(&self, scene: &str, time: Duration) {
        let mut child = self.start(scene);
        std::thread::sleep(time);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Kills a scene when it says this.
    pub fn play_until(&self, scene: &str, word: &str) {
        let mut child = self.start(scene);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let found = lines.any(|line| line.is_ok_and(|line| line.contains(word)));
        let _ = child.kill();
        let mut complaint = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
        child.wait().unwrap();
        assert!(found, "scene {scene} did not say {word}:\n{complaint}");
    }

    /// Removes a folder of the state.
    pub fn remove_kept(&self, folder: &str) {
        fs::remove_dir_all(self.state_dir.path().join(folder)).unwrap();
    }

    /// The programs that run in the cloud's network namespace.
    fn processes(&self) -> Vec<String> {
        let Ok(network) = fs::metadata(Path::new("/run/netns").join(&self.name)) else { return Vec::new() };
        let inside = |entry: fs::DirEntry| {
            let its = fs::metadata(entry.path().join("ns/net")).ok()?;
            (its.ino() == network.ino()).then(|| fs::read_to_string(entry.path().join("comm")).ok())?
        };
        fs::read_dir("/proc").unwrap().flatten().filter_map(inside).collect()
    }

    /// Removes it; no guest may be left.
    pub fn remove(self) {
        let guests: Vec<String> = self.processes().into_iter().filter(|name| name.starts_with("qemu")).collect();
        assert_eq!(guests, Vec::<String>::new());
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let removed = runtime.block_on(isolate::remove(&Clock::system(), self.state_dir.path(), &self.name));
        if let Err(error) = removed {
            eprintln!("the cloud {} could not be removed: {}", self.name, ferrostack_base::chain(&error));
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
