//! What a node must not forget.
//!
//! # Theory of operation
//! One file per server, `ledger/servers/<server>.json`, mode 0600: either the record of its domain or its tombstone. A
//! change is written to a temporary file, synced, renamed over the old one, and the folder synced; only then it counts and
//! the caller may act. So after the end of the process at any byte each file holds the old or the new state as a whole,
//! and a leftover temporary file belongs to a change that nobody was told of. Records hold the contents of configuration
//! drives, hence the mode.
//!
//! Changes are decided and written one after another; readers see the last finished one and never wait for the disk.
//! `flock` on `ledger/lock` keeps a second agent away from the folder.

mod files;
mod record;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use ferrostack_base::{Fence, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

use crate::error::{NodeError, StartError};

pub(crate) use files::write_whole;
pub(crate) use record::{Entry, Record, Tombstone, check_fence};

use files::Files;

/// No controller comes back after this long with what it wanted before.
const TOMBSTONES_LAST: Duration = Duration::from_secs(24 * 3600);

/// The ledger; clones share it.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Shared>);

struct Shared {
    node: Uuid,
    /// Held while a change is decided and written.
    files: Mutex<Files>,
    entries: RwLock<HashMap<Uuid, Entry>>,
    changes: watch::Sender<u64>,
}

impl Ledger {
    /// Opens or makes the ledger in a folder.
    pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Self, StartError> {
        let files = Files::open(folder)?;
        let node = files.node()?;
        let mut entries = files.load()?;
        let old =
            |entry: &Entry| matches!(entry, Entry::Gone(gone) if gone.cleaned && now.since(gone.at) > TOMBSTONES_LAST);
        for server in entries.iter().filter(|(_, entry)| old(entry)).map(|(server, _)| *server).collect::<Vec<_>>() {
            files.remove(server)?;
            entries.remove(&server);
        }
        let (files, entries) = (Mutex::new(files), RwLock::new(entries));
        Ok(Self(Arc::new(Shared { node, files, entries, changes: watch::Sender::new(0) })))
    }

    /// The node's id.
    pub(crate) fn node(&self) -> Uuid {
        self.0.node
    }

    /// Decides on a change knowing what is there, and writes it. `None` changes nothing.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        server: Uuid,
        decide: impl FnOnce(Option<&Entry>) -> Result<(Option<Entry>, T), NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        let ledger = self.clone();
        let written = tokio::task::spawn_blocking(move || ledger.change_now(server, decide)).await;
        written.unwrap_or_else(|failed| Err(NodeError::refused(format!("the ledger was not written: {failed}"))))
    }

    fn change_now<T>(
        &self,
        server: Uuid,
        decide: impl FnOnce(Option<&Entry>) -> Result<(Option<Entry>, T), NodeError>,
    ) -> Result<T, NodeError> {
        let files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.entry(server);
        let (entry, answer) = decide(before.as_ref())?;
        if let Some(entry) = entry.filter(|entry| before.as_ref() != Some(entry)) {
            files.write(server, &entry)?;
            self.0.entries.write().unwrap_or_else(PoisonError::into_inner).insert(server, entry);
            self.0.changes.send_modify(|count| *count += 1);
        }
        Ok(answer)
    }

    /// Changes the record of a server that is here.
    pub(crate) async fn change_record<T: Send + 'static>(
        &self,
        server: Uuid,
        change: impl FnOnce(&mut Record) -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        let decide = move |entry: Option<&Entry>| {
            let mut record = entry.and_then(Entry::record).cloned().ok_or(NodeError::NoDomain { server })?;
            let answer = change(&mut record)?;
            Ok((Some(Entry::Domain(Box::new(record))), answer))
        };
        self.change(server, decide).await
    }

    /// What is known of a server.
    pub(crate) fn entry(&self, server: Uuid) -> Option<Entry> {
        self.read(|entries| entries.get(&server).cloned())
    }

    /// The record of a server that is here.
    pub(crate) fn record(&self, server: Uuid) -> Result<Record, NodeError> {
        self.read(|entries| entries.get(&server).and_then(Entry::record).cloned()).ok_or(NodeError::NoDomain { server })
    }

    /// All servers that are here.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.read(|entries| entries.values().filter_map(Entry::record).cloned().collect())
    }

    /// All tombstones.
    pub(crate) fn tombstones(&self) -> Vec<(Uuid, Tombstone)> {
        let gone = |(server, entry): (&Uuid, &Entry)| match entry {
            Entry::Gone(gone) => Some((*server, gone.clone())),
            Entry::Domain(_) => None,
        };
        self.read(|entries| entries.iter().filter_map(gone).collect())
    }

    /// Forgets the tombstones that are old and whose server left nothing behind.
    pub(crate) async fn forget_old(&self, now: Timestamp) -> Result<(), NodeError> {
        let ledger = self.clone();
        let forgotten = tokio::task::spawn_blocking(move || {
            let files = ledger.0.files.lock().unwrap_or_else(PoisonError::into_inner);
            for (server, gone) in ledger.tombstones() {
                if gone.cleaned && now.since(gone.at) > TOMBSTONES_LAST {
                    files
                        .remove(server)
                        .map_err(|error| NodeError::refused(ferrostack_base::chain(&error).to_string()))?;
                    ledger.0.entries.write().unwrap_or_else(PoisonError::into_inner).remove(&server);
                }
            }
            Ok(())
        });
        forgotten.await.unwrap_or_else(|failed| Err(NodeError::refused(format!("the ledger was not tidied: {failed}"))))
    }

    /// Whether what was wanted with that fence still is; an error when it was overtaken.
    pub(crate) fn still_wanted(&self, server: Uuid, fence: Fence) -> Result<(), NodeError> {
        self.read(|entries| check(entries.get(&server), server, fence))
    }

    /// Waits until what was wanted with that fence is overtaken.
    pub(crate) async fn overtaken(&self, server: Uuid, fence: Fence) -> NodeError {
        let mut changes = self.0.changes.subscribe();
        loop {
            changes.mark_unchanged();
            if let Err(overtaken) = self.still_wanted(server, fence) {
                return overtaken;
            }
            // The sender lives in this ledger, so waiting cannot fail while we hold it.
            let _ = changes.changed().await;
        }
    }

    fn read<T>(&self, look: impl FnOnce(&HashMap<Uuid, Entry>) -> T) -> T {
        look(&self.0.entries.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn check(entry: Option<&Entry>, server: Uuid, fence: Fence) -> Result<(), NodeError> {
    match entry {
        Some(Entry::Domain(record)) if record.fence <= fence => Ok(()),
        Some(Entry::Domain(record)) => Err(NodeError::Fenced { server, fence, seen: record.fence }),
        Some(Entry::Gone(_)) | None => Err(NodeError::NoDomain { server }),
    }
}

/// The folder of the ledger below the state folder.
pub(crate) fn folder(state: &Path) -> PathBuf {
    state.join("ledger")
}
