//! Everything behind the server's lock, and how a transaction goes through it.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
};

use ferrostack_ovn::{ErrorKind, MonitorVersion, Operation, OperationError, OperationResult};
use serde_json::{Value as Json, json};

use super::{
    OvsdbError,
    database::Database,
    fault::Faults,
    journal::Journal,
    lock::Locks,
    schema,
    session::SessionState,
    transaction::{Changes, Failure, Transaction, undo},
};
use crate::northd::Translation;

/// The place of the Northbound database.
pub(crate) const NORTHBOUND: usize = 0;
/// The place of the Southbound database.
pub(crate) const SOUTHBOUND: usize = 1;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) databases: [Database; 2],
    journals: [Option<Journal>; 2],
    pub(crate) sessions: BTreeMap<u64, SessionState>,
    pub(crate) next_session: u64,
    pub(crate) locks: Locks,
    pub(crate) faults: Faults,
    /// `None` in a server without northd.
    pub(crate) translation: Option<Translation>,
}

/// A committed transaction.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) database: usize,
    pub(crate) changes: Changes,
}

impl State {
    pub(crate) fn in_memory() -> Self {
        let mut state = Self { translation: Some(Translation::default()), ..Self::bare() };
        state.catch_up();
        state
    }

    pub(crate) fn bare() -> Self {
        Self {
            databases: [Database::new(schema::northbound()), Database::new(schema::southbound())],
            journals: [None, None],
            sessions: BTreeMap::new(),
            next_session: 0,
            locks: Locks::default(),
            faults: Faults::default(),
            translation: None,
        }
    }

    pub(crate) fn open(dir: &Path) -> Result<Self, OvsdbError> {
        let mut databases = [Database::new(schema::northbound()), Database::new(schema::southbound())];
        let mut journals = [None, None];
        for (database, journal) in databases.iter_mut().zip(&mut journals) {
            *journal = Some(Journal::open(dir, database)?);
        }
        let mut state = Self { databases, journals, translation: Some(Translation::default()), ..Self::bare() };
        state.catch_up();
        Ok(state)
    }

    /// Does what northd had not done when the process ended.
    fn catch_up(&mut self) {
        let [northbound, southbound] = &self.databases;
        if let Some(translation) = &mut self.translation {
            let wanted = translation.begin(northbound, southbound);
            self.follow_up(wanted);
        }
    }

    pub(crate) fn close_journals(&mut self) {
        self.journals = [None, None];
    }

    /// The place of a database.
    pub(crate) fn database(&self, name: &str) -> Option<usize> {
        self.databases.iter().position(|database| database.schema.name.as_ref() == name)
    }

    /// Does a client's transaction and everything that northd does after it.
    ///
    /// # Errors
    /// Which operation (`None`: the commit) failed and why.
    pub(crate) fn transact(
        &mut self,
        database: usize,
        session: Option<u64>,
        operations: &[Json],
    ) -> Result<Vec<OperationResult>, OperationFailure> {
        let parsed = operations.iter().map(Operation::from_json);
        let (results, committed) =
            self.run(database, session, parsed.map(|operation| operation.map_err(Failure::from)))?;
        self.settle(VecDeque::from([committed]));
        Ok(results)
    }

    /// Does a transaction of a simulated chassis.
    pub(crate) fn transact_inside(
        &mut self,
        database: usize,
        operations: Vec<Operation>,
    ) -> Result<Vec<OperationResult>, OperationError> {
        let words: Vec<&'static str> = operations.iter().map(Operation::word).collect();
        match self.run(database, None, operations.into_iter().map(Ok)) {
            Ok((results, committed)) => {
                self.settle(VecDeque::from([committed]));
                Ok(results)
            }
            Err(OperationFailure { index, failure, .. }) => Err(OperationError {
                operation: index.and_then(|index| Some((index, *words.get(index)?))),
                kind: failure.kind,
                details: failure.details,
            }),
        }
    }

    fn run(
        &mut self,
        number: usize,
        session: Option<u64>,
        operations: impl Iterator<Item = Result<Operation, Failure>>,
    ) -> Result<(Vec<OperationResult>, Committed), OperationFailure> {
        let locks = &self.locks;
        let holds_lock = |lock: &str| session.is_some_and(|session| locks.holds(session, lock));
        let database = &mut self.databases[number];
        let mut transaction = Transaction::begin(database, &holds_lock);
        let mut done = Vec::new();
        for (index, operation) in operations.enumerate() {
            match operation.and_then(|operation| transaction.execute(operation)) {
                Ok(result) => done.push(result),
                Err(failure) => {
                    transaction.undo();
                    return Err(OperationFailure { index: Some(index), done, failure });
                }
            }
        }
        let changes = match transaction.commit() {
            Ok(changes) => changes,
            Err(failure) => return Err(OperationFailure { index: None, done, failure }),
        };
        if let Some(journal) = self.journals[number].as_mut().filter(|_| !changes.is_empty())
            && let Err(error) = journal.append(database, &changes)
        {
            undo(database, changes);
            let failure = Failure::new(ErrorKind::IoError, ferrostack_base::chain(&error).to_string());
            return Err(OperationFailure { index: None, done, failure });
        }
        let committed = Committed { database: number, changes };
        // At once: what is told is read from the rows, which the next transaction may change.
        self.publish(&committed);
        Ok((done, committed))
    }

    /// Does what northd wants, and what that leads to.
    pub(crate) fn follow_up(&mut self, wanted: Vec<(usize, Vec<Operation>)>) {
        let done = self.run_northd(wanted);
        self.settle(done);
    }

    /// Lets northd see what was committed, until it wants nothing more.
    fn settle(&mut self, mut unseen: VecDeque<Committed>) {
        while let Some(committed) = unseen.pop_front() {
            let [northbound, southbound] = &self.databases;
            let Some(translation) = &mut self.translation else { return };
            let wanted = translation.react(northbound, southbound, &committed);
            unseen.extend(self.run_northd(wanted));
        }
    }

    fn run_northd(&mut self, wanted: Vec<(usize, Vec<Operation>)>) -> VecDeque<Committed> {
        let mut done = VecDeque::new();
        for (database, operations) in wanted {
            match self.run(database, None, operations.into_iter().map(Ok)) {
                Ok((_, committed)) => done.push_back(committed),
                Err(failed) => {
                    tracing::error!(failure = ?failed.failure, index = ?failed.index, "the simulated northd failed")
                }
            }
        }
        done
    }

    /// Tells the sessions that watch.
    fn publish(&self, committed: &Committed) {
        if committed.changes.is_empty() {
            return;
        }
        let database = &self.databases[committed.database];
        for session in self.sessions.values() {
            for (id, monitor) in &session.monitors {
                if monitor.database != committed.database {
                    continue;
                }
                let Some(update) = monitor.update(database, &committed.changes) else { continue };
                let params = match monitor.version {
                    MonitorVersion::Since => json!([id, uuid::Uuid::nil().to_string(), update]),
                    _ => json!([id, update]),
                };
                session.send(&json!({ "method": monitor.version.notification(), "params": params, "id": null }));
            }
        }
    }

    pub(crate) fn disconnect_all(&mut self) {
        // A session ends when its sender is dropped; it then forgets itself.
        for id in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.end_session(id);
        }
    }

    /// Forgets a session: its monitors, its locks, its queue.
    pub(crate) fn end_session(&mut self, id: u64) {
        if self.sessions.remove(&id).is_none() {
            return;
        }
        for (lock, owner) in self.locks.forget(id) {
            if let Some(owner) = self.sessions.get(&owner) {
                owner.send(&json!({ "method": "locked", "params": [lock], "id": null }));
            }
        }
    }
}

/// A transaction that failed.
#[derive(Debug)]
pub(crate) struct OperationFailure {
    /// Which operation; `None`: the commit.
    pub(crate) index: Option<usize>,
    /// The results of the operations before it, which were undone.
    pub(crate) done: Vec<OperationResult>,
    pub(crate) failure: Failure,
}
