//! The steps of a running operation.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::Arc,
};

use ferrostack_auth::Origin;
use ferrostack_base::{Fence, Timestamp};
use ferrostack_db::{DbError, FromRow, Prelude, Row, Tx, args, guarded};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Bug, Failure, FailureKind, OperationId, Place, Verdict, saga::Shared, store, store::Live};

/// A step in the log.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// Its place in the log, counted from 0.
    pub position: i64,
    /// Its full name: the scopes of attempts and its own, as in `compute-1/claim`.
    pub name: String,
    /// Whether its action succeeded.
    pub ok: bool,
    /// Its result, or its [`Failure`], as JSON.
    pub output: String,
    /// The controller's node that ran it.
    pub node: String,
    /// When its action began.
    pub started: Timestamp,
    /// When it was written.
    pub ended: Timestamp,
    /// When it was taken back.
    pub undone: Option<Timestamp>,
}

impl StepRecord {
    /// The step's own name, without scopes.
    pub fn step(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// The innermost scope: what was given to [`Steps::enter`].
    pub fn scope(&self) -> Option<&str> {
        self.name.rsplit('/').nth(1)
    }

    /// The step's result, if it succeeded and has that shape.
    pub fn result<T: DeserializeOwned>(&self) -> Option<T> {
        if self.ok { serde_json::from_str(&self.output).ok() } else { None }
    }
}

impl FromRow for StepRecord {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            position: row.get("position")?,
            name: row.get("name")?,
            ok: row.get("ok")?,
            output: row.get("output")?,
            node: row.get("node")?,
            started: row.get("started_us")?,
            ended: row.get("ended_us")?,
            undone: row.get("undone_us")?,
        })
    }
}

pub(crate) type Undo =
    Arc<dyn Fn(StepRecord, Fence) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> + Send + Sync>;

/// What is made of a step that failed for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// It is tried again, whatever it was; the operation is never undone.
    ForEver,
    /// It is tried again when that may help.
    Again,
    /// It is not tried again: it is recorded as failed, so that what it did half is undone.
    LastTry,
}

/// The handle through which an operation runs its steps.
pub struct Steps {
    shared: Arc<Shared>,
    id: OperationId,
    kind: &'static str,
    persistence: Persistence,
    epoch: i64,
    fence: Fence,
    origin: Origin,
    records: Vec<StepRecord>,
    by_name: HashMap<String, usize>,
    used: HashSet<String>,
    scopes: Vec<String>,
    undo: Undo,
    ended: bool,
}

impl Steps {
    pub(crate) fn new(
        shared: Arc<Shared>,
        live: &Live,
        kind: &'static str,
        persistence: Persistence,
        records: Vec<StepRecord>,
        undo: Undo,
    ) -> Self {
        let by_name = records.iter().enumerate().map(|(index, record)| (record.name.clone(), index)).collect();
        Self {
            shared,
            id: live.id,
            kind,
            persistence,
            epoch: live.epoch,
            fence: live.fence,
            origin: live.origin.clone(),
            records,
            by_name,
            used: HashSet::new(),
            scopes: Vec::new(),
            undo,
            ended: false,
        }
    }

    /// The operation's id.
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// What effects outside the database carry (R4).
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// On whose behalf this runs.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// When the step of that name, in the present scope, was written; for deadlines that outlive a controller.
    pub fn ended_at(&self, name: &str) -> Option<Timestamp> {
        self.by_name.get(&self.full_name(name)).map(|index| self.records[*index].ended)
    }

    /// Runs a step, or returns what the log says of it. The action may run twice (R5).
    ///
    /// # Errors
    /// The action's failure, from now or from the log; `Lost` when the operation belongs to someone else.
    pub async fn step<T, F, Fut>(&mut self, name: &str, action: F) -> Result<T, Failure>
    where
        T: Serialize + DeserializeOwned + Send,
        F: Fn() -> Fut + Send,
        Fut: Future<Output = Result<T, Failure>> + Send,
    {
        let name = self.full_name(name);
        if !self.used.insert(name.clone()) {
            return Err(Failure::new(format!("bug: step {name} stands twice in {}", self.kind)));
        }
        if let Some(index) = self.by_name.get(&name) {
            return read(&self.records[*index]);
        }
        let started = self.shared.db.clock().now();
        let verdict = self.at(&name, Place::BeforeAction).await;
        let guard = Guard::of(&self.shared, self.id, self.epoch);
        let mut result = match verdict {
            Verdict::Fail => Err(Failure::new("injected failure")),
            _ => guarded(guard.clone(), action()).await,
        };
        if matches!(verdict, Verdict::Repeat) && result.is_ok() {
            result = guarded(guard, action()).await;
        }
        self.at(&name, Place::BeforeLog).await;
        if let Err(failure) = &mut result {
            let again = failure.kind == FailureKind::Transient && self.persistence == Persistence::Again;
            if again || failure.kind == FailureKind::Lost || self.persistence == Persistence::ForEver {
                // Nothing is recorded: whoever tries again runs this step anew.
                return result;
            }
            if failure.kind == FailureKind::Transient {
                *failure = Failure::new(format!("gave up after several tries: {}", failure.reason));
            }
        }
        let (ok, output) = match &result {
            Ok(value) => (true, serde_json::to_string(value)),
            Err(failure) => (false, serde_json::to_string(failure)),
        };
        let output =
            output.map_err(|error| Failure::new(format!("bug: the result of {name} can't be stored: {error}")))?;
        self.record(&name, ok, output, started).await?;
        self.at(&name, Place::AfterLog).await;
        result
    }

    async fn record(&mut self, name: &str, ok: bool, output: String, started: Timestamp) -> Result<(), Failure> {
        let position = i64::try_from(self.records.len()).unwrap_or(i64::MAX);
        let ended = self.shared.db.clock().now();
        let record = StepRecord {
            position,
            name: name.to_owned(),
            ok,
            output,
            node: self.shared.node.clone(),
            started,
            ended,
            undone: None,
        };
        let (this, row) = (&*self, &record);
        this.shared
            .db
            .tx(|tx| async move {
                this.guard(&tx).await?;
                tx.exec(
                    "INSERT INTO operation_step (operation_id, position, name, ok, output, node, started_us, ended_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    args![this.id, row.position, row.name, row.ok, row.output, row.node, row.started, row.ended],
                )
                .await?;
                Ok::<_, Failure>(())
            })
            .await?;
        self.by_name.insert(name.to_owned(), self.records.len());
        self.records.push(record);
        Ok(())
    }

    /// The first statement of each of this operation's transactions (R3): no row changed = it belongs to someone else.
    pub(crate) async fn guard(&self, tx: &Tx) -> Result<(), Failure> {
        guard(&self.shared, tx, self.id, self.epoch).await
    }

    /// Opens a scope: steps until [`Steps::leave`] or [`Steps::unwind`] belong to one attempt, for instance on one host.
    pub fn enter(&mut self, scope: &str) {
        self.scopes.push(scope.replace('/', "_"));
    }

    /// Closes the scope; its steps stay done.
    pub fn leave(&mut self) {
        self.scopes.pop();
    }

    /// Takes back the steps of the present scope, newest first, and closes it.
    ///
    /// # Errors
    /// What the undoing says; `Lost`.
    pub async fn unwind(&mut self) -> Result<(), Failure> {
        let prefix = format!("{}/", self.scopes.join("/"));
        self.unwind_where(|record| record.name.starts_with(&prefix)).await?;
        self.leave();
        Ok(())
    }

    pub(crate) async fn unwind_all(&mut self) -> Result<(), Failure> {
        self.unwind_where(|_| true).await
    }

    async fn unwind_where(&mut self, belongs: impl Fn(&StepRecord) -> bool) -> Result<(), Failure> {
        let skip_first = self.shared.has(Bug::UndoSkipped);
        for index in (0..self.records.len()).rev() {
            let record = self.records[index].clone();
            if record.undone.is_some() || !belongs(&record) || (skip_first && index == 1) {
                continue;
            }
            let verdict = self.at(&record.name, Place::BeforeUndo).await;
            if matches!(verdict, Verdict::Fail) {
                return Err(Failure::new("injected failure of an undo"));
            }
            let guard = Guard::of(&self.shared, self.id, self.epoch);
            guarded(guard.clone(), (self.undo)(record.clone(), self.fence)).await?;
            if matches!(verdict, Verdict::Repeat) {
                guarded(guard, (self.undo)(record.clone(), self.fence)).await?;
            }
            self.at(&record.name, Place::BeforeUndoLog).await;
            let (this, now) = (&*self, self.shared.db.clock().now());
            this.shared
                .db
                .tx(|tx| async move {
                    this.guard(&tx).await?;
                    tx.exec(
                        "UPDATE operation_step SET undone_us = ? WHERE operation_id = ? AND position = ?",
                        args![now, this.id, record.position],
                    )
                    .await?;
                    Ok::<_, Failure>(())
                })
                .await?;
            self.records[index].undone = Some(now);
            self.at(&record.name, Place::AfterUndoLog).await;
        }
        Ok(())
    }

    /// The last step, which can't be undone: `f` writes the result in the transaction that ends the operation.
    ///
    /// # Errors
    /// `Lost`, or what the database says.
    pub async fn finish<F, Fut>(&mut self, f: F) -> Result<(), Failure>
    where
        F: Fn(Tx) -> Fut + Send,
        Fut: Future<Output = Result<(), DbError>> + Send,
    {
        self.end("finish", "done", f).await
    }

    pub(crate) async fn end<F, Fut>(&mut self, step: &str, outcome: &str, f: F) -> Result<(), Failure>
    where
        F: Fn(Tx) -> Fut + Send,
        Fut: Future<Output = Result<(), DbError>> + Send,
    {
        if matches!(self.at(step, Place::BeforeEnd).await, Verdict::Fail) {
            return Err(Failure::new("injected failure of the last transaction"));
        }
        let (this, f) = (&*self, &f);
        let now = this.shared.db.clock().now();
        this.shared
            .db
            .tx(|tx| async move {
                this.guard(&tx).await?;
                f(tx.clone()).await?;
                store::archive(&tx, this.id, outcome, now).await?;
                Ok::<_, Failure>(())
            })
            .await?;
        self.ended = true;
        self.at(step, Place::AfterEnd).await;
        Ok(())
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    async fn at(&self, step: &str, place: Place) -> Verdict {
        self.shared.at(self.kind, step, place).await
    }

    fn full_name(&self, name: &str) -> String {
        if self.scopes.is_empty() { name.to_owned() } else { format!("{}/{name}", self.scopes.join("/")) }
    }
}

/// The operation's ownership as the first statement of whatever transactions its steps open, in any service.
struct Guard {
    shared: Arc<Shared>,
    id: OperationId,
    epoch: i64,
}

impl Guard {
    fn of(shared: &Arc<Shared>, id: OperationId, epoch: i64) -> Arc<dyn Prelude> {
        Arc::new(Self { shared: shared.clone(), id, epoch })
    }
}

impl Prelude for Guard {
    fn check<'a>(&'a self, tx: &'a Tx) -> Pin<Box<dyn Future<Output = Result<(), DbError>> + Send + 'a>> {
        Box::pin(async move {
            guard(&self.shared, tx, self.id, self.epoch).await.map_err(|failure| match failure.kind {
                FailureKind::Lost => DbError::Fenced,
                // A transient error is noted in the transaction itself, which then runs again.
                _ => DbError::Ended,
            })
        })
    }
}

pub(crate) async fn guard(shared: &Shared, tx: &Tx, id: OperationId, epoch: i64) -> Result<(), Failure> {
    let now = shared.db.clock().now();
    let changed = if shared.has(Bug::EpochUnchecked) {
        tx.changed("UPDATE operation SET seq = seq + 1, updated_us = ? WHERE id = ?", args![now, id]).await?;
        true
    } else {
        tx.changed(
            "UPDATE operation SET seq = seq + 1, updated_us = ? WHERE id = ? AND epoch = ?",
            args![now, id, epoch],
        )
        .await?
    };
    if changed { Ok(()) } else { Err(Failure::lost()) }
}

fn read<T: DeserializeOwned>(record: &StepRecord) -> Result<T, Failure> {
    let broken =
        |error: serde_json::Error| Failure::new(format!("the log of step {} can't be read: {error}", record.name));
    if record.ok {
        serde_json::from_str(&record.output).map_err(broken)
    } else {
        Err(serde_json::from_str(&record.output).unwrap_or_else(broken))
    }
}
