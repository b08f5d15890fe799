//! Which uploads live in this process, whatever the database says about them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

/// One for the whole process: with SQLite several controllers of one process share a database, and each must know of the
/// others' uploads.
static LIVE: Mutex<BTreeSet<Uuid>> = Mutex::new(BTreeSet::new());

/// Stands for an upload that runs; dropping it, also by a panic or a cancelled request, ends the upload's life.
pub(crate) struct LiveUpload(pub(crate) Uuid);

impl LiveUpload {
    pub(crate) fn begin() -> Self {
        let id = Uuid::new_v4();
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        Self(id)
    }
}

impl Drop for LiveUpload {
    fn drop(&mut self) {
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Whether that upload runs in this process.
pub(crate) fn contains(upload: Uuid) -> bool {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner).contains(&upload)
}
