//! A CA, a controller, and nodes, all in one process.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use ferrostack_agent_api::{Agent, DomainSpec, GuestFile, Wanted};
use ferrostack_agent_link::{
    Authority, CertificateRequest, Link, LinkOptions, RemoteAgent, Role, Roster, RosterEntry, RosterError, Tls,
    agent_routes,
};
use ferrostack_base::{Clock, Fence, Generation};
use ferrostack_sim::node::{NoNetwork, SimNode, SimNodeOptions};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
};
use uuid::Uuid;

pub(crate) const SERVER: Uuid = Uuid::from_u128(7);
pub(crate) const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Short enough for tests, long enough for a busy machine.
pub(crate) fn options() -> LinkOptions {
    LinkOptions {
        connect_patience: Duration::from_secs(3),
        ping_every: Duration::from_millis(300),
        ping_patience: Duration::from_secs(2),
        question_patience: Duration::from_secs(10),
        stop_patience: Duration::from_millis(500),
    }
}

/// A folder with a CA and bundles.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) clock: Clock,
    pub(crate) authority: Authority,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let authority = Authority::load_or_create(&folder.path().join("ca"), &clock).unwrap();
        Self { folder, clock, authority }
    }

    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Issues a bundle into a folder of that name.
    pub(crate) fn issue(&self, role: Role, name: &str) -> PathBuf {
        let dir = self.dir(name);
        let request = CertificateRequest::new(role, name, &[Ipv4Addr::LOCALHOST.into()]);
        self.authority.issue(&request).unwrap().write(&dir).unwrap();
        dir
    }

    pub(crate) fn link(&self, role: Role, name: &str) -> Link {
        open(&self.issue(role, name), role, &self.clock)
    }

    pub(crate) fn controller(&self) -> Link {
        self.link(Role::Controller, "controller-1")
    }

    /// A simulated node with its agent behind TLS.
    pub(crate) async fn node(&self) -> Node {
        let options = SimNodeOptions { ledger: Some(self.dir("ledger.jsonl")), ..SimNodeOptions::numbered(1) };
        let sim = Arc::new(SimNode::open(options, self.clock.clone(), Arc::new(NoNetwork)).unwrap());
        let link = self.link(Role::Agent, "compute-1");
        let served = Served::start(&link, ANY_PORT, sim.clone()).await;
        Node { sim, link, served }
    }
}

pub(crate) fn open(dir: &Path, role: Role, clock: &Clock) -> Link {
    Link::new(Tls::open(dir, role, clock).unwrap(), options())
}

pub(crate) struct Node {
    pub(crate) sim: Arc<SimNode>,
    pub(crate) link: Link,
    pub(crate) served: Served,
}

impl Node {
    pub(crate) fn remote(&self, controller: &Link) -> RemoteAgent {
        RemoteAgent::new(controller.clone(), "compute-1", self.served.address)
    }
}

/// A listener; dropping it kills all its connections, as the end of a process does.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Served {
    pub(crate) async fn start(link: &Link, address: SocketAddr, agent: Arc<dyn Agent>) -> Self {
        Self::routes(link, address, agent_routes(agent)).await
    }

    pub(crate) async fn routes(link: &Link, address: SocketAddr, routes: axum::Router) -> Self {
        let (address, serving) = link.serve(address, routes, std::future::pending()).await.unwrap();
        Self { address, task: tokio::spawn(serving).abort_handle() }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A wire that can be cut, or go dead without anybody noticing.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    frozen: watch::Sender<bool>,
    task: AbortHandle,
}

impl Wire {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        let address = listener.local_addr().unwrap();
        let frozen = watch::Sender::new(false);
        let seen = frozen.subscribe();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                connections.spawn(carry(near, target, seen.clone()));
            }
        });
        Self { address, frozen, task: task.abort_handle() }
    }

    /// Nothing gets through any more, and nothing says so.
    pub(crate) fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// It breaks, and both ends are told.
    pub(crate) fn cut(&self) {
        self.task.abort();
    }
}

async fn carry(mut near: TcpStream, target: SocketAddr, mut frozen: watch::Receiver<bool>) {
    let mut far = TcpStream::connect(target).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = frozen.wait_for(|frozen| *frozen) => {}
    }
    if *frozen.borrow() {
        std::future::pending::<()>().await;
    }
}

/// A roster in memory.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) Mutex<BTreeMap<String, SocketAddr>>);

type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, RosterError>> + Send + 'a>>;

impl Roster for Memory {
    fn list(&self) -> Answer<'_, Vec<RosterEntry>> {
        let entry = |(name, address): (&String, &SocketAddr)| RosterEntry { name: name.clone(), address: *address };
        Box::pin(async move { Ok(self.0.lock().unwrap().iter().map(entry).collect()) })
    }

    fn put<'a>(&'a self, entry: &'a RosterEntry) -> Answer<'a, ()> {
        self.0.lock().unwrap().insert(entry.name.clone(), entry.address);
        Box::pin(async { Ok(()) })
    }
}

pub(crate) fn spec(fence: i64, generation: i64, power: Wanted) -> DomainSpec {
    let file = GuestFile { path: "openstack/latest/user_data".to_owned(), content: "aHVudGVyMg==".to_owned().into() };
    DomainSpec {
        server: SERVER,
        name: "instance-00000007".to_owned(),
        hostname: "web".to_owned(),
        fence: Fence(fence),
        generation: Generation(generation),
        power,
        vcpus: 1,
        memory_mb: 1024,
        disk_gb: 1,
        image: None,
        interfaces: vec![],
        config_drive: Some(vec![file]),
        hardware: BTreeMap::from([("hw_disk_bus".to_owned(), "virtio".to_owned())]),
        shutdown_timeout_s: 60,
        project_id: "demo".to_owned(),
        request_id: "req-1".to_owned(),
    }
}
