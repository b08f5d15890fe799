//! The guest of a scene, and the agent that runs it.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ferrostack_agent::{Agent, AgentOptions, MetadataOptions};
use ferrostack_agent_api::{
    Agent as _, AgentError, BootImage, DomainReport, DomainSpec, GuestFile, ImageData, ImageSource, OneShot,
    OneShotKind, Power, Reply, Wanted,
};
use ferrostack_base::{Clock, Fence, Generation, Secret};
use ferrostack_ovn::Endpoint;
use futures::StreamExt;
use uuid::Uuid;

pub const SERVER: Uuid = Uuid::from_u128(0x5e41_0000_0000_4000_8000_0000_0000_0007);
pub const SECRET: &str = "shared";

/// The guest image, from its file.
pub struct FileSource(pub PathBuf);

impl ImageSource for FileSource {
    fn open(&self, _: Uuid) -> Reply<'_, ImageData> {
        Box::pin(async {
            let data = std::fs::read(&self.0).unwrap();
            let size = Some(data.len() as u64);
            let pieces: Vec<io::Result<Bytes>> =
                data.chunks(1 << 20).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            Ok(ImageData { size, chunks: futures::stream::iter(pieces).boxed() })
        })
    }
}

/// The node of a scene.
pub struct Node {
    pub agent: Arc<Agent>,
    pub clock: Clock,
    pub state_dir: PathBuf,
}

impl Node {
    pub async fn start(metadata: Option<SocketAddr>, resolver: Option<SocketAddr>) -> Self {
        let state_dir = PathBuf::from(std::env::var_os("FSA_STATE_DIR").unwrap()).join("agent");
        let image = PathBuf::from(std::env::var_os("FSA_IMAGE").unwrap());
        let options = AgentOptions {
            southbound: Some(Endpoint::Unix("/run/ovn/ovnsb_db.sock".into())),
            metadata: metadata.map(|address| MetadataOptions {
                url: format!("http://{address}/metadata"),
                shared_secret: Secret::new(SECRET.to_owned()),
            }),
            resolvers: resolver.into_iter().collect(),
            observe_every: Duration::from_secs(2),
            reserved_disk: 1 << 20,
            ..AgentOptions::new("node-1", "127.0.0.1".parse().unwrap(), &state_dir)
        };
        let clock = Clock::system();
        let agent = Agent::start(options, clock.clone(), Arc::new(FileSource(image))).await.unwrap();
        Self { agent, clock, state_dir }
    }

    pub async fn put(&self, spec: &DomainSpec) -> DomainReport {
        self.agent.put_domain(spec).await.unwrap()
    }

    pub async fn shoot(&self, kind: OneShotKind, number: u128, fence: i64) -> Result<DomainReport, AgentError> {
        let number = Uuid::from_u128(number);
        let shot = OneShot { server: SERVER, fence: Fence(fence), number, kind, shutdown_timeout_s: 30 };
        self.agent.one_shot(&shot).await
    }

    /// What the agent says of the server without being told that something happened.
    pub async fn report(&self) -> Option<DomainReport> {
        let reports = self.agent.domains().await.unwrap();
        reports.into_iter().find(|report| report.server == SERVER)
    }

    pub async fn console(&self) -> String {
        self.agent.console_log(SERVER, None).await.unwrap()
    }

    /// Waits until the console has a text so many times.
    pub async fn wait_for_console(&self, text: &str, times: usize) -> String {
        for _ in 0..1500 {
            let console = self.console().await;
            if console.matches(text).count() >= times {
                return console;
            }
            self.clock.sleep(Duration::from_millis(100)).await;
        }
        panic!("{text} is not on the console {times} times:\n{}", self.console().await);
    }

    pub async fn wait_for_power(&self, power: Power) -> DomainReport {
        for _ in 0..600 {
            if let Some(report) = self.report().await.filter(|report| report.power == power) {
                return report;
            }
            self.clock.sleep(Duration::from_millis(100)).await;
        }
        panic!("the guest is not {power:?}: {:?}\n{}", self.report().await, self.console().await);
    }

    /// Nothing of any server is on the node.
    pub async fn assert_empty(&self) {
        assert_eq!(self.agent.domains().await.unwrap(), vec![]);
        // What is cleaned up in the background has a moment.
        let mut left = Vec::new();
        for _ in 0..50 {
            left = self.left();
            if left.is_empty() {
                return;
            }
            self.clock.sleep(Duration::from_millis(100)).await;
        }
        panic!("left behind: {left:#?}");
    }

    fn left(&self) -> Vec<String> {
        let mut left: Vec<String> =
            run("virsh", &["list", "--all", "--name"]).split_whitespace().map(str::to_owned).collect();
        let ports = run("ovs-vsctl", &["--columns=name", "--format=csv", "--no-headings", "list", "interface"]);
        left.extend(ports.lines().filter(|name| name.contains("tap") || name.contains("mt")).map(str::to_owned));
        let links = run("ip", &["-o", "link"]);
        left.extend(links.lines().filter(|line| line.contains(": tap") || line.contains(": mt")).map(str::to_owned));
        left.extend(run("ip", &["netns"]).lines().filter(|name| name.contains("ovnmeta")).map(str::to_owned));
        for folder in ["instances", "networks"] {
            let files = std::fs::read_dir(self.state_dir.join(folder)).into_iter().flatten().flatten();
            left.extend(files.map(|file| file.path().display().to_string()));
        }
        left
    }
}

/// A guest without a network and with a configuration drive.
pub fn spec(fence: i64, generation: i64, power: Wanted) -> DomainSpec {
    let metadata = r#"{"uuid": "u-7", "hostname": "driven", "public_keys": {"k": "ssh-ed25519 AAAA"}}"#;
    DomainSpec {
        server: SERVER,
        name: "instance-00000007".to_owned(),
        hostname: "driven".to_owned(),
        fence: Fence(fence),
        generation: Generation(generation),
        power,
        vcpus: 1,
        memory_mb: 96,
        disk_gb: 1,
        image: Some(BootImage { id: Uuid::from_u128(1), format: Some("qcow2".to_owned()), hash: None }),
        interfaces: Vec::new(),
        config_drive: Some(vec![GuestFile {
            path: "openstack/latest/meta_data.json".to_owned(),
            content: STANDARD.encode(metadata).into(),
        }]),
        hardware: Default::default(),
        shutdown_timeout_s: 30,
        project_id: "demo".to_owned(),
        request_id: "req-1".to_owned(),
    }
}

/// What a program says.
pub fn run(program: &str, args: &[&str]) -> String {
    let output = std::process::Command::new(program).args(args).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}
