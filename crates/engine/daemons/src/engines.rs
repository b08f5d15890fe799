//! From nothing, or from anything in between, to all engines running and set up.

use std::{collections::BTreeMap, fs, path::Path};

use ferrostack_base::Clock;
use ferrostack_ovn::{Client, Endpoint};
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};

use crate::{
    Daemon, DaemonError, Datapath, DatapathChoice, EngineOptions, ExternalState, Owner, Running, Version,
    bridge::{Bridge, MARK, Ours, Verdict, judge_integration},
    catalog, command, external, health, init_system, kvm,
    open_vswitch::{self, OpenVswitch},
    places::{FOLDERS, NORTHBOUND_SOCKET, SOUTHBOUND_SOCKET, unix},
    program,
    state::State,
};

/// The integration bridge, whose name OVN has by default.
pub(crate) const INTEGRATION_BRIDGE: &str = "br-int";

/// How many files an engine may have open: a switch has several for each port.
const OPEN_FILES: u64 = 65_536;

/// The engines of an all-in-one.
#[derive(Debug)]
pub struct Engines {
    pub(crate) options: EngineOptions,
    pub(crate) state: State,
    pub(crate) daemons: Vec<Daemon>,
    pub(crate) versions: BTreeMap<&'static str, Version>,
    /// Whether systemd starts what does not run.
    pub(crate) init: bool,
}

/// What the set-up of Open vSwitch has found and made.
pub(crate) struct SetUp {
    pub(crate) system_id: String,
    pub(crate) datapath: Datapath,
    pub(crate) external: Option<ExternalState>,
}

impl Engines {
    /// Starts what does not run, adopts what does, and sets Open vSwitch up. It may be interrupted at any point and run
    /// again: what is as wanted is not touched.
    ///
    /// # Errors
    /// What is missing or in the way, with what helps. Engines that run by then are left running.
    pub async fn ensure(options: EngineOptions) -> Result<Running, DaemonError> {
        if !geteuid().is_root() {
            return Err(DaemonError::NotRoot);
        }
        let state = State::open(&options.state_dir)?;
        let daemons = catalog::all();
        let versions = versions(&options.clock, &daemons).await?;
        if let Some(external) = &options.external {
            external::check(&options.clock, external).await?;
        }
        raise_open_files();
        for folder in FOLDERS {
            fs::create_dir_all(folder).map_err(DaemonError::file("create", *folder))?;
        }
        let init = init_system::runs(options.start_by);
        let engines = Self { options, state, daemons, versions, init };
        let (set_up, (), ()) = tokio::try_join!(engines.switch(), engines.central(), engines.hypervisor())?;
        engines.start(catalog::CONTROLLER).await?;
        let running = Running::new(engines, set_up);
        // vswitchd may have been replaced while nobody watched.
        running.set_right().await?;
        Ok(running)
    }

    pub(crate) fn daemon(&self, name: &'static str) -> Result<&Daemon, DaemonError> {
        let found = self.daemons.iter().find(|daemon| daemon.name == name);
        found.ok_or(DaemonError::Missing { program: name.to_owned(), package: "" })
    }

    /// Makes one engine run and waits until it does its work.
    pub(crate) async fn start(&self, name: &'static str) -> Result<(), DaemonError> {
        let (clock, daemon) = (&self.options.clock, self.daemon(name)?);
        if let Some(process) = daemon.find() {
            let owner = health::owner(&process, self.state.mark(), self.init);
            if owner != Owner::Ourselves {
                tracing::info!(engine = name, pid = process.pid, ?owner, "engine is there");
            }
            return daemon.wait_ready(clock).await.map(drop);
        }
        if self.init {
            init_system::start(clock, daemon).await?;
            return daemon.wait_offered(clock).await;
        }
        daemon.start(clock, &self.state).await.map(drop)
    }

    /// The node's switch: its database, vswitchd, what OVN must know, the bridges.
    async fn switch(&self) -> Result<SetUp, DaemonError> {
        let (clock, options) = (&self.options.clock, &self.options);
        self.start(catalog::OPEN_VSWITCH_SERVER).await?;
        let switch = OpenVswitch::connect(clock).await?;
        // Before vswitchd takes up what the database says: it may be somebody else's.
        let ovn_remote = unix(SOUTHBOUND_SOCKET);
        let node = switch.node().await?;
        let bridge = switch.bridge(INTEGRATION_BRIDGE).await?;
        let wanted_id = options.system_id.as_deref();
        let ours = Ours { mark: self.state.mark(), ovn_remote: &ovn_remote, system_id: wanted_id };
        if let Verdict::Foreign(reason) = judge_integration(bridge.as_ref(), &node.external_ids, ours) {
            return Err(DaemonError::ForeignBridge { bridge: INTEGRATION_BRIDGE.to_owned(), reason });
        }
        let datapath = datapath(options.datapath, bridge.as_ref(), kernel_datapath(clock).await)?;
        self.start(catalog::VSWITCHD).await?;
        let system_id = open_vswitch::system_id(wanted_id, &node, self.state.mark())?;

        let mark = BTreeMap::from([(MARK.to_owned(), self.state.mark().to_owned())]);
        let integration = Bridge {
            name: INTEGRATION_BRIDGE.to_owned(),
            datapath_type: datapath.word().to_owned(),
            // Without ovn-controller nothing passes; a learning switch would join networks that must not meet.
            fail_mode: Some("secure".to_owned()),
            external_ids: mark.clone(),
            other_config: BTreeMap::from([("disable-in-band".to_owned(), "true".to_owned())]),
            ports: Vec::new(),
        };
        switch.put_bridge(&integration).await?;
        let external = match &options.external {
            Some(wanted) => Some(external::ensure(clock, &switch, wanted, datapath, self.state.mark()).await?),
            None => None,
        };
        let mut ids = mark;
        ids.extend(self.external_ids(&system_id, ovn_remote, datapath));
        switch.put_external_ids(&ids).await?;
        switch.wait_applied(INTEGRATION_BRIDGE).await?;
        switch.check_bridge(INTEGRATION_BRIDGE).await?;
        Ok(SetUp { system_id, datapath, external })
    }

    /// What OVN must know of the node (ovn-controller(8)).
    fn external_ids(&self, system_id: &str, ovn_remote: String, datapath: Datapath) -> Vec<(String, String)> {
        let options = &self.options;
        let mut mappings = options.bridge_mappings.clone();
        if let Some(external) = &options.external {
            mappings.insert(external.physical_network.clone(), external.bridge.clone());
        }
        let mappings: Vec<_> = mappings.iter().map(|(network, bridge)| format!("{network}:{bridge}")).collect();
        [
            ("system-id", system_id.to_owned()),
            ("hostname", options.hostname.clone()),
            ("ovn-remote", ovn_remote),
            ("ovn-encap-type", options.encapsulation.word().to_owned()),
            ("ovn-encap-ip", options.encapsulation_address.to_string()),
            ("ovn-bridge-mappings", mappings.join(",")),
            ("ovn-bridge-datapath-type", datapath.word().to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// OVN's databases and its translator.
    async fn central(&self) -> Result<(), DaemonError> {
        tokio::try_join!(
            self.ovn_database(catalog::NORTHBOUND_SERVER, NORTHBOUND_SOCKET, "OVN_Northbound", "NB_Global"),
            self.ovn_database(catalog::SOUTHBOUND_SERVER, SOUTHBOUND_SOCKET, "OVN_Southbound", "SB_Global"),
        )?;
        self.start(catalog::NORTHD).await
    }

    async fn ovn_database(
        &self,
        server: &'static str,
        socket: &str,
        database: &'static str,
        root: &str,
    ) -> Result<(), DaemonError> {
        self.start(server).await?;
        let failed = DaemonError::database(database);
        let stream = Endpoint::Unix(socket.into()).connect().await.map_err(&failed)?;
        open_vswitch::ensure_root(&Client::connect(stream), database, root).await.map_err(&failed)
    }

    async fn hypervisor(&self) -> Result<(), DaemonError> {
        if !self.init {
            kvm::open_to_guests();
        }
        self.start(catalog::VIRTLOGD).await?;
        self.start(catalog::LIBVIRTD).await
    }
}

/// The version of each engine; programs that several engines share are asked once.
async fn versions(clock: &Clock, daemons: &[Daemon]) -> Result<BTreeMap<&'static str, Version>, DaemonError> {
    let mut asked: BTreeMap<&str, &Daemon> = BTreeMap::new();
    for daemon in daemons {
        asked.entry(daemon.program).or_insert(daemon);
    }
    let asking = asked.into_values().map(|daemon| async move {
        let version = program::version(clock, daemon.program, daemon.package, &daemon.needed).await?;
        Ok::<_, DaemonError>((daemon.program, version))
    });
    let of_programs: BTreeMap<_, _> = futures::future::try_join_all(asking).await?.into_iter().collect();
    // Schemas and tools of the central part come with other packages than the server's program.
    for daemon in daemons {
        if let Some((_, schema)) = &daemon.database
            && !Path::new(schema).exists()
        {
            return Err(DaemonError::Missing { program: daemon.name.to_owned(), package: daemon.package });
        }
    }
    let version_of = |daemon: &Daemon| Some((daemon.name, of_programs.get(daemon.program)?.clone()));
    Ok(daemons.iter().filter_map(version_of).collect())
}

/// Decides where packets are switched; `kernel` is why the kernel cannot. A bridge of ours keeps what it has: changing it
/// would cut running servers off.
fn datapath(
    choice: DatapathChoice,
    bridge: Option<&Bridge>,
    kernel: Result<(), DaemonError>,
) -> Result<Datapath, DaemonError> {
    let in_user_space = bridge.is_some_and(|bridge| {
        bridge.datapath_type == Datapath::Userspace.word() && bridge.external_ids.contains_key(MARK)
    });
    match (choice, kernel) {
        (DatapathChoice::Fixed(Datapath::Kernel), Err(error)) => {
            Err(DaemonError::NoKernelDatapath { reason: error.to_string() })
        }
        (DatapathChoice::Fixed(datapath), _) => Ok(datapath),
        (DatapathChoice::Detect, Ok(())) if !in_user_space => Ok(Datapath::Kernel),
        (DatapathChoice::Detect, _) => Ok(Datapath::Userspace),
    }
}

/// Whether the kernel switches packets. vswitchd lists the kernel's datapath in `datapath_types` whether it is there or
/// not, and `/sys/module` does not have what is built in, so the kernel itself is asked.
async fn kernel_datapath(clock: &Clock) -> Result<(), DaemonError> {
    let ask = || command::run(clock, "ovs-dpctl", &["dump-dps"]);
    let Err(error) = ask().await else { return Ok(()) };
    if command::run(clock, "modprobe", &["openvswitch"]).await.is_ok() {
        return ask().await.map(drop);
    }
    Err(error)
}

/// Engines inherit our limit.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= OPEN_FILES) {
        return;
    }
    let most = limit.maximum.unwrap_or(u64::MAX);
    let raise =
        |current| setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: Some(current.max(most)) });
    // In a container not even root may raise the upper limit.
    if raise(OPEN_FILES).or_else(|_| raise(OPEN_FILES.min(most))).is_err() || most < OPEN_FILES {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(0);
        tracing::info!(files, "engines may open fewer files than a large node needs");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_datapath_follows_what_the_kernel_can_and_what_is_in_use() {
        let broken = || Err(DaemonError::Command { command: "ovs-dpctl".into(), reason: "no such family".into() });
        let used = Bridge {
            datapath_type: "netdev".into(),
            external_ids: BTreeMap::from([(MARK.to_owned(), "m".to_owned())]),
            ..Bridge::default()
        };
        let detect = DatapathChoice::Detect;
        assert_eq!(datapath(detect, None, Ok(())).unwrap(), Datapath::Kernel);
        assert_eq!(datapath(detect, None, broken()).unwrap(), Datapath::Userspace);
        assert_eq!(datapath(detect, Some(&used), Ok(())).unwrap(), Datapath::Userspace);
        let kernel = DatapathChoice::Fixed(Datapath::Kernel);
        assert_eq!(datapath(kernel, Some(&used), Ok(())).unwrap(), Datapath::Kernel);
        assert!(datapath(kernel, None, broken()).unwrap_err().to_string().contains("no such family"));
    }
}
