//! All providers in memory, always as new as the database.
//!
//! # Theory of operation
//! Reads are answered from an [`Index`], an immutable snapshot. Before it is used it is compared with the database's
//! counter of changes (see [`crate::store`]); if it is older, the providers stamped since are read and put into the next
//! index. So a reader never sees less than what was committed before its request began, and pays only for what changed.
//!
//! On MariaDB the comparison reads one row. SQLite's file has one process as its user, so there a counter in memory
//! ([`Epoch`]) is enough: each committed write advances it before its caller is answered. All handles of this process on
//! the same database share that counter; the random `origin` in the database's counter row tells which they are.
//!
//! Rows are read after the counter, providers before inventories. What is committed in between is newer than the counter
//! says, and is read once more the next time; a provider's generation is never newer than the inventories beside it, so
//! that a client who writes back what it read can not undo a change that it has not seen.

mod index;
mod names;
mod topology;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use ferrostack_db::{Db, DbError, Engine};
use tokio::sync::OnceCell;

pub(crate) use index::{Delta, Index, Provider, Slot};
pub(crate) use names::{Names, Standing};
pub(crate) use topology::Topology;

use crate::store::{self, name::NameKind};

/// Counts the writes of this process; see the module's theory of operation.
#[derive(Debug, Clone)]
pub(crate) struct Epoch(Arc<AtomicU64>);

static EPOCHS: Mutex<Option<HashMap<String, Weak<AtomicU64>>>> = Mutex::new(None);

impl Epoch {
    fn of(origin: String) -> Self {
        let mut epochs = EPOCHS.lock().unwrap_or_else(PoisonError::into_inner);
        let epochs = epochs.get_or_insert_default();
        if let Some(known) = epochs.get(&origin).and_then(Weak::upgrade) {
            return Self(known);
        }
        epochs.retain(|_, epoch| epoch.strong_count() > 0);
        let epoch = Arc::new(AtomicU64::new(1));
        epochs.insert(origin, Arc::downgrade(&epoch));
        Self(epoch)
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// A write is committed.
    pub(crate) fn advance(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The index and how it stays true.
pub(crate) struct View {
    db: Db,
    epoch: OnceCell<Epoch>,
    /// The index, and the epoch at which it was loaded (0: never).
    latest: RwLock<(u64, Arc<Index>)>,
    loading: tokio::sync::Mutex<()>,
}

impl View {
    pub(crate) fn new(db: Db) -> Self {
        Self {
            db,
            epoch: OnceCell::new(),
            latest: RwLock::new((0, Arc::new(Index::empty()))),
            loading: tokio::sync::Mutex::default(),
        }
    }

    /// What every transaction that writes needs to begin.
    pub(crate) async fn epoch(&self) -> Result<&Epoch, DbError> {
        self.epoch.get_or_try_init(|| async { Ok(Epoch::of(store::change::origin(&self.db).await?)) }).await
    }

    fn latest(&self) -> (u64, Arc<Index>) {
        self.latest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The index as it was when it was last asked for: it may lag behind.
    pub(crate) fn recent(&self) -> Arc<Index> {
        self.latest().1
    }

    /// The index as of now.
    pub(crate) async fn current(&self) -> Result<Arc<Index>, DbError> {
        let epoch = self.epoch().await?;
        match self.db.engine() {
            Engine::Sqlite => {
                let wanted = epoch.now();
                if let (loaded, index) = self.latest()
                    && loaded >= wanted
                {
                    return Ok(index);
                }
                let _alone = self.loading.lock().await;
                if let (loaded, index) = self.latest()
                    && loaded >= wanted
                {
                    return Ok(index);
                }
                let now = epoch.now();
                let marks = store::change::marks(&self.db).await?;
                self.load(now, marks).await
            }
            Engine::MariaDb => {
                let marks = store::change::marks(&self.db).await?;
                if let (loaded, index) = self.latest()
                    && loaded > 0
                    && index.marks().seq >= marks.seq
                {
                    return Ok(index);
                }
                let _alone = self.loading.lock().await;
                if let (loaded, index) = self.latest()
                    && loaded > 0
                    && index.marks().seq >= marks.seq
                {
                    return Ok(index);
                }
                self.load(1, marks).await
            }
        }
    }

    async fn load(&self, epoch: u64, marks: store::change::Marks) -> Result<Arc<Index>, DbError> {
        let known = self.latest().1.marks();
        let db = &self.db;
        let names = if marks.names_seq > known.names_seq {
            Some((store::name::list(db, NameKind::Class).await?, store::name::list(db, NameKind::Trait).await?))
        } else {
            None
        };
        let providers = store::provider::list_changed(db, known.seq).await?;
        let inventories =
            if providers.is_empty() { Vec::new() } else { store::inventory::list_changed(db, known.seq).await? };
        let remaining =
            if marks.deleted_seq > known.deleted_seq { Some(store::provider::list_ids(db).await?) } else { None };
        let delta = Delta { marks, names, providers, inventories, remaining };
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        // Copied only if a reader still holds it; providers that did not change are shared.
        Arc::make_mut(&mut latest.1).apply(delta);
        latest.0 = epoch;
        Ok(latest.1.clone())
    }
}
