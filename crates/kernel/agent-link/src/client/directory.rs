//! The nodes that have joined, as controllers find them.

use std::{
    collections::BTreeMap,
    error::Error,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
};

use ferrostack_agent_api::{Agent, AgentError, AgentErrorKind, Agents};
use ferrostack_base::{Timestamp, chain};
use tokio::sync::{Mutex, watch};

use super::RemoteAgent;
use crate::{options::Link, wire::NodeReport};

/// A node that has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// The node's name.
    pub name: String,
    /// Where its agent listens.
    pub address: SocketAddr,
}

/// What keeps a roster from answering: usually the database.
#[derive(Debug, thiserror::Error)]
#[error("the nodes that have joined can't be {action}")]
pub struct RosterError {
    /// `read`, `written down`.
    pub action: &'static str,
    /// Why.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, RosterError>> + Send + 'a>>;

/// Where all controllers of a cloud keep which nodes have joined: a table in the cloud's database.
pub trait Roster: Send + Sync {
    /// All nodes.
    fn list(&self) -> Answer<'_, Vec<RosterEntry>>;
    /// Writes a node down; the one of that name is replaced.
    fn put<'a>(&'a self, entry: &'a RosterEntry) -> Answer<'a, ()>;
}

/// The agents of all nodes that have joined. Clones share them.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    link: Link,
    roster: Arc<dyn Roster>,
    nodes: RwLock<BTreeMap<String, Node>>,
    /// Held while the roster is read or written and the nodes follow, so that a node that joins meanwhile is not forgotten.
    following: Mutex<()>,
    joined: watch::Sender<u64>,
}

/// How a node is reached.
enum Node {
    /// It is in this process.
    Local(Arc<dyn Agent>),
    Remote {
        address: SocketAddr,
        agent: Arc<RemoteAgent>,
        /// The last report that came to this controller, and when.
        report: Option<Box<(Timestamp, NodeReport)>>,
    },
}

impl Directory {
    /// Opens it with the nodes that the roster knows.
    ///
    /// # Errors
    /// [`RosterError`]
    pub async fn open(link: Link, roster: Arc<dyn Roster>) -> Result<Self, RosterError> {
        let joined = watch::Sender::new(0);
        let directory =
            Self(Arc::new(Inner { link, roster, nodes: RwLock::default(), following: Mutex::default(), joined }));
        directory.refresh().await?;
        Ok(directory)
    }

    /// Adds a node in this process; nobody can report as it.
    pub fn add_local(&self, name: &str, agent: Arc<dyn Agent>) {
        self.write(|nodes| nodes.insert(name.to_owned(), Node::Local(agent)));
        self.0.joined.send_modify(|count| *count += 1);
    }

    /// Learns which nodes have joined at other controllers or moved, and forgets those that the roster no longer has. A
    /// controller does this from time to time. Says how many nodes there are.
    ///
    /// # Errors
    /// [`RosterError`]
    pub async fn refresh(&self) -> Result<usize, RosterError> {
        let _following = self.0.following.lock().await;
        let entries = self.0.roster.list().await?;
        let mut news = false;
        let count = self.write(|nodes| {
            nodes
                .retain(|name, node| matches!(node, Node::Local(_)) || entries.iter().any(|entry| entry.name == *name));
            for RosterEntry { name, address } in entries {
                news |= self.learn(nodes, &name, address);
            }
            nodes.len()
        });
        if news {
            self.0.joined.send_modify(|count| *count += 1);
        }
        Ok(count)
    }

    /// Takes a node's report. `holder` is the name in the certificate of whoever brought it.
    ///
    /// # Errors
    /// `Refused` when it reports as somebody else, `Unreachable` when the roster can't be written.
    pub async fn take_report(&self, holder: &str, report: NodeReport) -> Result<(), AgentError> {
        let name = report.facts.name.clone();
        let refused = |reason: String| Err(AgentError::new(AgentErrorKind::Refused, reason));
        if name != holder {
            return refused(format!("the certificate is that of {holder}, but {name:?} is reported"));
        }
        let known = self.read(|nodes| match nodes.get(&name) {
            Some(Node::Local(_)) => Err(()),
            Some(Node::Remote { address, .. }) => Ok(*address == report.address),
            None => Ok(false),
        });
        let Ok(known) = known else {
            return refused(format!("a node {name} runs in the controller's own process: names are unique"));
        };
        let mut following = None;
        if !known {
            following = Some(self.0.following.lock().await);
            let entry = RosterEntry { name: name.clone(), address: report.address };
            self.0.roster.put(&entry).await.map_err(|error| {
                tracing::warn!(node = name, reason = %chain(&error), "the node can't join");
                AgentError::new(AgentErrorKind::Unreachable, chain(&error).to_string())
            })?;
            tracing::info!(node = name, address = %entry.address, version = report.version, "the node joined");
        }
        let now = self.0.link.clock().now();
        let news = self.write(|nodes| {
            let news = self.learn(nodes, &name, report.address);
            if let Some(Node::Remote { report: last, .. }) = nodes.get_mut(&name) {
                *last = Some(Box::new((now, report)));
            }
            news
        });
        drop(following);
        if news {
            self.0.joined.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// The last report of a node that came to this controller, and when.
    pub fn last_report(&self, name: &str) -> Option<(Timestamp, NodeReport)> {
        self.read(|nodes| match nodes.get(name) {
            Some(Node::Remote { report, .. }) => report.as_deref().cloned(),
            Some(Node::Local(_)) | None => None,
        })
    }

    /// Changes whenever a node joins or moves, so that whoever looks after nodes need not wait for the next round.
    pub fn joined(&self) -> watch::Receiver<u64> {
        self.0.joined.subscribe()
    }

    /// Says whether that is news.
    fn learn(&self, nodes: &mut BTreeMap<String, Node>, name: &str, address: SocketAddr) -> bool {
        match nodes.get(name) {
            Some(Node::Local(_)) => false,
            Some(Node::Remote { address: known, .. }) if *known == address => false,
            Some(Node::Remote { .. }) | None => {
                let agent = Arc::new(RemoteAgent::new(self.0.link.clone(), name, address));
                nodes.insert(name.to_owned(), Node::Remote { address, agent, report: None });
                true
            }
        }
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<String, Node>) -> T) -> T {
        look(&self.0.nodes.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Node>) -> T) -> T {
        change(&mut self.0.nodes.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Agents for Directory {
    fn agent(&self, node: &str) -> Option<Arc<dyn Agent>> {
        self.read(|nodes| {
            nodes.get(node).map(|node| match node {
                Node::Local(agent) => agent.clone(),
                Node::Remote { agent, .. } => agent.clone() as Arc<dyn Agent>,
            })
        })
    }

    fn nodes(&self) -> Vec<String> {
        self.read(|nodes| nodes.keys().cloned().collect())
    }
}
