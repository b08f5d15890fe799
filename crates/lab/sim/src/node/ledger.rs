//! What a node must not forget: JSON lines, the last one about a server counts.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use ferrostack_base::{Fence, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::domain::Domain;

/// No controller comes back after this long with what it wanted before.
const TOMBSTONES_LAST: Duration = Duration::from_secs(24 * 3600);

/// The ledger is unusable.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file can't be read or written.
    #[error("the ledger {path:?} can't be used")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line that is not the last one is broken: somebody changed the file.
    #[error("line {line} of the ledger {path:?} is broken")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Something can't be written as JSON.
    #[error("an entry of the ledger can't be written")]
    Entry(#[source] serde_json::Error),
}

/// A line.
#[derive(Serialize, Deserialize)]
enum Entry {
    Node(Uuid),
    Domain(Box<Domain>),
    Gone { server: Uuid, fence: Fence, at: Timestamp },
}

/// The ledger, in memory and, if it has a path, in its file.
pub(super) struct Ledger {
    path: Option<PathBuf>,
    file: Option<File>,
    node: Uuid,
    domains: HashMap<Uuid, Domain>,
    tombstones: HashMap<Uuid, (Fence, Timestamp)>,
}

impl Ledger {
    pub(super) fn open(path: Option<PathBuf>, now: Timestamp) -> Result<Self, LedgerError> {
        let (domains, tombstones) = (HashMap::new(), HashMap::new());
        let mut ledger = Self { path, file: None, node: Uuid::new_v4(), domains, tombstones };
        ledger.reopen(now)?;
        Ok(ledger)
    }

    /// Reads the file again, if there is one, and writes it anew without what does not count any more.
    pub(super) fn reopen(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        let Some(path) = self.path.clone() else { return Ok(()) };
        let io = |source| LedgerError::Io { path: path.clone(), source };
        self.file = None;
        self.domains.clear();
        self.tombstones.clear();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(io(error)),
        };
        let lines = text.lines().count();
        for (index, line) in text.lines().enumerate() {
            match serde_json::from_str(line) {
                Ok(entry) => self.take(entry),
                // The process ended in the middle of writing it, so nobody was told that it is there.
                Err(_) if index + 1 == lines => {}
                Err(source) => return Err(LedgerError::Broken { path, line: index + 1, source }),
            }
        }
        self.tombstones.retain(|_, (_, at)| now.since(*at) < TOMBSTONES_LAST);
        self.compact(&path).map_err(io)?;
        Ok(())
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Node(id) => self.node = id,
            Entry::Domain(domain) => {
                self.tombstones.remove(&domain.spec.server);
                self.domains.insert(domain.spec.server, *domain);
            }
            Entry::Gone { server, fence, at } => {
                self.domains.remove(&server);
                self.tombstones.insert(server, (fence, at));
            }
        }
    }

    fn compact(&mut self, path: &Path) -> io::Result<()> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let fresh = path.with_extension("new");
        let mut text = line(&Entry::Node(self.node))?;
        for domain in self.domains.values() {
            text.push_str(&line(&Entry::Domain(Box::new(domain.clone())))?);
        }
        for (server, (fence, at)) in &self.tombstones {
            text.push_str(&line(&Entry::Gone { server: *server, fence: *fence, at: *at })?);
        }
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, path)?;
        self.file = Some(OpenOptions::new().append(true).open(path)?);
        Ok(())
    }

    fn write(&mut self, entry: Entry) -> Result<(), LedgerError> {
        if let (Some(file), Some(path)) = (&mut self.file, &self.path) {
            let text = serde_json::to_string(&entry).map_err(LedgerError::Entry)?;
            // One write: it is there as a whole, or, after a crash, as a torn last line.
            file.write_all(format!("{text}\n").as_bytes())
                .map_err(|source| LedgerError::Io { path: path.clone(), source })?;
        }
        self.take(entry);
        Ok(())
    }

    pub(super) fn put(&mut self, domain: Domain) -> Result<(), LedgerError> {
        if self.domains.get(&domain.spec.server) == Some(&domain) {
            return Ok(());
        }
        self.write(Entry::Domain(Box::new(domain)))
    }

    pub(super) fn bury(&mut self, server: Uuid, fence: Fence, at: Timestamp) -> Result<(), LedgerError> {
        self.write(Entry::Gone { server, fence, at })
    }

    pub(super) fn node_id(&self) -> Uuid {
        self.node
    }

    pub(super) fn domain(&self, server: Uuid) -> Option<&Domain> {
        self.domains.get(&server)
    }

    pub(super) fn domains(&self) -> impl Iterator<Item = &Domain> {
        self.domains.values()
    }

    /// The fence with which a server was dropped.
    pub(super) fn tombstone(&self, server: Uuid) -> Option<Fence> {
        self.tombstones.get(&server).map(|(fence, _)| *fence)
    }
}

fn line(entry: &Entry) -> io::Result<String> {
    Ok(serde_json::to_string(entry)? + "\n")
}
