//! OVN and Open vSwitch, started for one test.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_ovn::Endpoint;
use tempfile::TempDir;

const NEEDED: [&str; 9] = [
    "/usr/share/ovn/ovn-nb.ovsschema",
    "/usr/share/ovn/ovn-sb.ovsschema",
    "/usr/share/openvswitch/vswitch.ovsschema",
    "/usr/bin/ovn-northd",
    "/usr/bin/ovn-controller",
    "/usr/sbin/ovsdb-server",
    "/usr/sbin/ovs-vswitchd",
    "/usr/sbin/ip",
    "/usr/sbin/ethtool",
];

/// Why there can be no real OVN here.
pub fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root may make network namespaces".into());
    }
    let missing = NEEDED.iter().find(|path| !Path::new(path).exists())?;
    Some(format!("{missing} is not installed"))
}

/// A process that ends with this value.
pub struct Engine(Option<Child>);

impl Engine {
    /// `SIGKILL`, as when it crashes.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// `SIGTERM`, as when it is stopped.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A network namespace that ends with this value.
pub struct Namespace(pub String);

impl Namespace {
    pub fn new(name: String) -> Self {
        run("ip", &["netns", "add", &name]);
        let space = Self(name);
        space.ip("link set lo up");
        space
    }

    /// `ip` within it.
    pub fn ip(&self, words: &str) {
        let mut all = vec!["-n", self.0.as_str()];
        all.extend(words.split_whitespace());
        run("ip", &all);
    }

    /// Sets a kernel variable within it.
    pub fn sysctl(&self, path: &str, value: &str) {
        let path = format!("/proc/sys/{path}");
        self.within(|| std::fs::write(path, value).unwrap());
    }

    /// Does something within it, in a thread of its own. Sockets that it makes stay there.
    pub fn within<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        let space = File::open(format!("/run/netns/{}", self.0)).unwrap();
        std::thread::scope(|scope| {
            let inside = scope.spawn(move || {
                let kind = rustix::thread::LinkNameSpaceType::Network;
                rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&space), Some(kind)).unwrap();
                work()
            });
            inside.join().unwrap()
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn run(program: &str, words: &[&str]) -> String {
    succeeded(program, words, Command::new(program).args(words).output().unwrap())
}

#[track_caller]
fn succeeded(program: &str, words: &[&str], output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {errors}", words.join(" "));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// One OVN with one chassis, `node-1`, whose `br-ex` is the way to the physical network `public`. Ends with this value,
/// from top to bottom.
pub struct Engines {
    pub controller: Engine,
    pub switch: Engine,
    pub northd: Engine,
    pub northbound: Engine,
    pub southbound: Engine,
    _local: Engine,
    /// Where the engines are.
    pub space: Namespace,
    dir: TempDir,
}

impl Engines {
    /// All of them; the names of namespaces begin with `name`.
    pub async fn start(name: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let space = Namespace::new(format!("{name}-ovn"));
        for (file, schema) in [("nb", NEEDED[0]), ("sb", NEEDED[1]), ("conf", NEEDED[2])] {
            run("ovsdb-tool", &["create", &path(&dir, &format!("{file}.db")), schema]);
        }
        let engines = Self {
            northbound: database(&dir, &space, "nb").await,
            southbound: database(&dir, &space, "sb").await,
            _local: database(&dir, &space, "conf").await,
            northd: Engine(None),
            switch: Engine(None),
            controller: Engine(None),
            space,
            dir,
        };
        engines.nbctl(&["init"]);
        engines.sbctl(&["init"]);
        engines.vsctl("--no-wait init");
        engines.vsctl(&format!(
            "--no-wait set Open_vSwitch . external_ids:system-id=node-1 external_ids:hostname=node-1 \
             external_ids:ovn-remote=unix:{} external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip=127.0.0.1 \
             external_ids:ovn-bridge-mappings=public:br-ex external_ids:ovn-bridge-datapath-type=netdev",
            engines.path("sb.sock")
        ));
        let mut engines = engines;
        engines.start_northd();
        engines.start_switch();
        engines.vsctl("add-br br-int -- set bridge br-int datapath_type=netdev fail_mode=secure");
        engines.vsctl("add-br br-ex -- set bridge br-ex datapath_type=netdev");
        engines.start_controller();
        engines
    }

    fn path(&self, file: &str) -> String {
        path(&self.dir, file)
    }

    pub async fn start_northbound(&mut self) {
        self.northbound = database(&self.dir, &self.space, "nb").await;
    }

    pub async fn start_southbound(&mut self) {
        self.southbound = database(&self.dir, &self.space, "sb").await;
    }

    pub fn start_northd(&mut self) {
        let [nb, sb] = ["nb", "sb"].map(|name| format!("unix:{}", self.path(&format!("{name}.sock"))));
        let words = [format!("--ovnnb-db={nb}"), format!("--ovnsb-db={sb}")];
        self.northd = spawn(&self.dir, &self.space, "ovn-northd", "northd", &words);
    }

    pub fn start_switch(&mut self) {
        let words = [format!("unix:{}", self.path("conf.sock")), "--disable-system".into(), "--no-chdir".into()];
        self.switch = spawn(&self.dir, &self.space, "ovs-vswitchd", "vswitchd", &words);
    }

    pub fn start_controller(&mut self) {
        let words = [format!("unix:{}", self.path("conf.sock"))];
        self.controller = spawn(&self.dir, &self.space, "ovn-controller", "controller", &words);
    }

    pub fn northbound_endpoint(&self) -> Endpoint {
        Endpoint::Unix(PathBuf::from(self.path("nb.sock")))
    }

    pub fn southbound_endpoint(&self) -> Endpoint {
        Endpoint::Unix(PathBuf::from(self.path("sb.sock")))
    }

    pub fn nbctl(&self, words: &[&str]) -> String {
        let database = format!("--db=unix:{}", self.path("nb.sock"));
        run("ovn-nbctl", &[&["--timeout=10", database.as_str()], words].concat())
    }

    pub fn sbctl(&self, words: &[&str]) -> String {
        let database = format!("--db=unix:{}", self.path("sb.sock"));
        run("ovn-sbctl", &[&["--timeout=10", database.as_str()], words].concat())
    }

    pub fn vsctl(&self, words: &str) -> String {
        let database = format!("--db=unix:{}", self.path("conf.sock"));
        let mut all = vec!["--timeout=10", database.as_str()];
        all.extend(words.split_whitespace());
        run("ovs-vsctl", &all)
    }

    /// What OVN does not understand or like.
    pub fn complaints(&self) -> Vec<String> {
        let logs = ["northd", "controller"].map(|engine| self.log(engine));
        let lines = logs.iter().flat_map(|log| log.lines());
        let bad = lines.filter(|line| ["|WARN|", "|ERR|", "|EMER|"].iter().any(|level| line.contains(level)));
        // About this machine, not about what OVN was told.
        bad.filter(|line| !line.contains("representor VIF plug provider")).map(str::to_owned).collect()
    }

    /// What an engine wrote into its log.
    pub fn log(&self, engine: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{engine}.log"))).unwrap_or_default()
    }
}

fn path(dir: &TempDir, file: &str) -> String {
    dir.path().join(file).to_str().unwrap().to_owned()
}

async fn database(dir: &TempDir, space: &Namespace, name: &str) -> Engine {
    let socket = path(dir, &format!("{name}.sock"));
    let _ = std::fs::remove_file(&socket);
    let words = [path(dir, &format!("{name}.db")), format!("--remote=punix:{socket}")];
    let engine = spawn(dir, space, "ovsdb-server", name, &words);
    for _ in 0..500 {
        if Path::new(&socket).exists() {
            return engine;
        }
        Clock::system().sleep(Duration::from_millis(10)).await;
    }
    panic!("ovsdb-server did not open {socket} within 5 s");
}

fn spawn(dir: &TempDir, space: &Namespace, program: &str, name: &str, words: &[String]) -> Engine {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &space.0, program]).args(words);
    command.arg(format!("--log-file={}", path(dir, &format!("{name}.log"))));
    // An older controller has no option for its control socket; it follows the run directory.
    if program != "ovn-controller" {
        command.arg(format!("--unixctl={}", path(dir, &format!("{name}.ctl"))));
    }
    for variable in ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVN_RUNDIR", "OVN_LOGDIR", "OVN_DBDIR"] {
        command.env(variable, dir.path());
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Engine(Some(command.spawn().unwrap()))
}
