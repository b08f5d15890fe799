//! The rooms of a node together, and what all actions share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ferrostack_agent_api::{DomainReport, ImageSource};
use ferrostack_base::{Clock, Fence};
use tokio::sync::{OwnedMutexGuard, watch};
use uuid::Uuid;

use crate::{
    AgentOptions, StartError,
    command::Programs,
    disk::{Disks, Owner},
    domain::{Domains, Seen},
    error::NodeError,
    facts::KnownFacts,
    image_cache::ImageCache,
    ledger::{self, Ledger, Record},
    metadata::NetworkServices,
    network::Network,
};

/// A node.
pub(crate) struct Node {
    pub(crate) options: AgentOptions,
    pub(crate) clock: Clock,
    pub(crate) programs: Programs,
    pub(crate) ledger: Ledger,
    pub(crate) disks: Disks,
    pub(crate) network: Network,
    pub(crate) domains: Domains,
    pub(crate) services: NetworkServices,
    pub(crate) known_facts: KnownFacts,
    /// Counts what guests did by themselves.
    pub(crate) changes: watch::Sender<u64>,
    turns: Turns,
}

/// Sockets have paths of at most 107 bytes; below the state folder come `/instances/<id>/s/serial`.
const LONGEST_STATE_DIR: usize = 50;

impl Node {
    /// Opens the state folder and begins to connect to the engines.
    pub(crate) fn open(options: AgentOptions, clock: Clock, images: Arc<dyn ImageSource>) -> Result<Self, StartError> {
        let state = &options.state_dir;
        let length = state.as_os_str().len();
        if length > LONGEST_STATE_DIR {
            return Err(StartError::LongPath { path: state.clone(), length, limit: LONGEST_STATE_DIR });
        }
        crate::disk::make_folder(state).map_err(|source| StartError::Io { path: state.clone(), source })?;
        let owner = Owner::of_this_node();
        if let Some(closed) = owner.stopped_at(state) {
            return Err(StartError::Closed { path: closed, user: owner.user });
        }
        let ledger = Ledger::open(&ledger::folder(state), clock.now())?;
        let programs = Programs::new(clock.clone());
        let bounds = (options.image_cache_limit, options.reserved_disk);
        let images = ImageCache::open(state, bounds, clock.clone(), programs.clone(), images)?;
        let disks = Disks::new(state, options.reserved_disk, programs.clone(), images, (ledger.node(), owner));
        let (endpoint, bridge) = (options.open_vswitch.clone(), options.integration_bridge.clone());
        let network = Network::start(clock.clone(), programs.clone(), endpoint, bridge, ledger.node());
        let domains = Domains::start(clock.clone(), &options.libvirt_uri, options.name.clone(), options.virt_type);
        let services = NetworkServices::new(&options, clock.clone(), network.clone(), programs.clone())?;
        let (known_facts, turns) = (KnownFacts::default(), Turns::default());
        let changes = watch::Sender::new(0);
        Ok(Self { options, clock, programs, ledger, disks, network, domains, services, known_facts, changes, turns })
    }

    /// The one who acts on a server.
    pub(crate) async fn turn(&self, server: Uuid) -> Turn {
        self.turns.take(server).await
    }

    /// The same, unless somebody acts on it already.
    pub(crate) fn try_turn(&self, server: Uuid) -> Option<Turn> {
        self.turns.try_take(server)
    }

    /// Does what takes long and may be given up at any point, unless it is overtaken.
    pub(crate) async fn unless_overtaken<T>(
        &self,
        (server, fence): (Uuid, Fence),
        deed: impl Future<Output = Result<T, NodeError>>,
    ) -> Result<T, NodeError> {
        tokio::select! {
            biased;
            overtaken = self.ledger.overtaken(server, fence) => Err(overtaken),
            done = deed => done,
        }
    }

    /// Makes everything that a guest needs, and starts it; on already is fine.
    pub(crate) async fn bring_up(&self, record: &Record) -> Result<(), NodeError> {
        let (server, fence) = (record.spec.server, record.fence);
        let files = self.unless_overtaken((server, fence), self.disks.ensure(record));
        let ports = async {
            self.network.plug(server, fence, &record.spec.interfaces).await?;
            self.services.ensure_for(record).await
        };
        let (files, (), status) = tokio::try_join!(files, ports, self.domains.status(server))?;
        if Seen::of(status).is_on() {
            return Ok(());
        }
        let userspace = self.network.is_userspace()?.unwrap_or(false);
        let config = self.domains.config(record, &files, userspace)?;
        self.domains.define(&config).await?;
        // A guest that asks for its address before OVN answers may give up for good.
        let carried = async { self.network.wait_until_carried(&record.spec.interfaces).await };
        if !self.unless_overtaken((server, fence), carried).await? {
            tracing::warn!(%server, "OVN does not carry the server's packets yet; the guest starts all the same");
        }
        self.ledger.still_wanted(server, fence)?;
        self.domains.create(server).await
    }

    /// Looks at a domain and writes down what was seen. Only by the one whose turn it is.
    pub(crate) async fn look(&self, server: Uuid) -> Result<DomainReport, NodeError> {
        let seen = Seen::of(self.domains.status(server).await?);
        self.note(server, seen).await
    }

    /// Writes down what was seen.
    pub(crate) async fn note(&self, server: Uuid, seen: Seen) -> Result<DomainReport, NodeError> {
        let now = self.clock.now();
        let noted = self.ledger.change_record(server, move |record| {
            let news = record.seen(seen.power, seen.reason, now);
            Ok((record.report(), news.then(|| record.reason.clone())))
        });
        let (report, news) = noted.await?;
        if let Some(reason) = news {
            tracing::info!(%server, power = ?report.power, reason, "the domain changed");
        }
        Ok(report)
    }
}

/// Whose turn it is to act on which server.
#[derive(Default)]
struct Turns(Arc<Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>>);

/// The right to act on a server, as long as it is held.
pub(crate) struct Turn {
    server: Uuid,
    all: Arc<Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    async fn take(&self, server: Uuid) -> Turn {
        let guard = self.lock_of(server).lock_owned().await;
        Turn { server, all: self.0.clone(), guard: Some(guard) }
    }

    fn try_take(&self, server: Uuid) -> Option<Turn> {
        let guard = self.lock_of(server).try_lock_owned().ok()?;
        Some(Turn { server, all: self.0.clone(), guard: Some(guard) })
    }

    fn lock_of(&self, server: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(server).or_default().clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard = None;
        // Whoever waits has a copy.
        if all.get(&self.server).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            all.remove(&self.server);
        }
    }
}
