//! The handle that services hold, and this controller's part in running operations.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ferrostack_auth::Origin;
use ferrostack_db::{Db, DbError, Tx, args};
use tokio::task::AbortHandle;

use crate::{
    AcceptError, Bug, Failure, Inject, Operation, OperationId, Place, Point, Resource, Verdict, lease, registry::Kind,
    store, store::Live,
};

/// How a controller takes part.
#[derive(Debug, Clone)]
pub struct SagaOptions {
    /// This controller's node, for logs and traces.
    pub node: String,
    /// How often the lease is renewed.
    pub renew: Duration,
    /// After how long without renewal others may take over.
    pub lapse: Duration,
}

impl Default for SagaOptions {
    fn default() -> Self {
        Self { node: "controller".to_owned(), renew: Duration::from_secs(5), lapse: Duration::from_secs(20) }
    }
}

/// The engine of durable operations. Cheap to clone.
#[derive(Clone)]
pub struct Saga(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) node: String,
    options: SagaOptions,
    incarnation: RwLock<String>,
    kinds: RwLock<HashMap<&'static str, Arc<Kind>>>,
    running: Mutex<HashMap<OperationId, AbortHandle>>,
    inject: Option<Arc<dyn Inject>>,
    bug: Option<Bug>,
    dead: AtomicBool,
}

impl Saga {
    /// Takes a lease for this incarnation.
    ///
    /// # Errors
    /// What the database says.
    pub async fn start(db: Db, options: SagaOptions) -> Result<Self, DbError> {
        Self::start_with(db, options, None, None).await
    }

    /// As [`Saga::start`], with faults and planted bugs, for tests.
    ///
    /// # Errors
    /// What the database says.
    pub async fn start_with(
        db: Db,
        options: SagaOptions,
        inject: Option<Arc<dyn Inject>>,
        bug: Option<Bug>,
    ) -> Result<Self, DbError> {
        let incarnation = uuid::Uuid::new_v4().to_string();
        lease::take(&db, &incarnation, &options.node, options.lapse).await?;
        Ok(Self(Arc::new(Shared {
            db,
            node: options.node.clone(),
            options,
            incarnation: RwLock::new(incarnation),
            kinds: RwLock::default(),
            running: Mutex::default(),
            inject,
            bug,
            dead: AtomicBool::new(false),
        })))
    }

    /// Makes a kind of operation known. All kinds are registered before [`Saga::run`].
    pub fn register<O: Operation>(&self, world: O::World) {
        self.0.kinds.write().unwrap_or_else(PoisonError::into_inner).insert(O::KIND, Arc::new(Kind::of::<O>(world)));
    }

    /// The names of all registered kinds; the failure matrix asserts that it covers them.
    pub fn kinds(&self) -> Vec<&'static str> {
        let mut names: Vec<_> =
            self.0.kinds.read().unwrap_or_else(PoisonError::into_inner).values().map(|kind| kind.name).collect();
        names.sort_unstable();
        names
    }

    /// Accepts an operation in the caller's transaction (R1). It starts as soon as that is committed.
    ///
    /// # Errors
    /// [`AcceptError::Busy`] when a live operation on the resource is in the way and is not superseded.
    pub async fn accept<O: Operation>(
        &self,
        tx: &Tx,
        origin: &Origin,
        resource: &Resource,
        operation: &O,
    ) -> Result<OperationId, AcceptError> {
        let shared = &self.0;
        let text = resource.to_string();
        let now = shared.db.clock().now();
        if let Some(other) = store::find_live(tx, &text).await? {
            if !O::SUPERSEDES || other.kind == O::KIND {
                return Err(AcceptError::Busy { resource: text, kind: other.kind });
            }
            // Raising the epoch stops its owner at its next step; the new fence stops what it has under way outside.
            tx.exec("UPDATE operation SET epoch = epoch + 1 WHERE id = ?", args![other.id]).await?;
            store::archive(tx, other.id, "superseded", now).await?;
        }
        let fence = if shared.has(Bug::FenceRemoved) {
            store::current_fence(tx, &text).await?
        } else {
            store::raise_fence(tx, &text).await?
        };
        let params = serde_json::to_string(operation).map_err(|error| DbError::Decode {
            column: "params".to_owned(),
            wanted: O::KIND,
            found: error.to_string(),
        })?;
        let live = Live {
            id: OperationId::new(),
            kind: O::KIND.to_owned(),
            version: O::VERSION,
            resource: text.clone(),
            params,
            origin: origin.clone(),
            state: "running".to_owned(),
            owner: Some(shared.incarnation()),
            epoch: 1,
            fence,
            failure: None,
            reason: None,
            created: now,
        };
        match store::insert(tx, &live).await {
            Err(error) if error.is_duplicate() => {
                return Err(AcceptError::Busy { resource: text, kind: O::KIND.to_owned() });
            }
            other => other?,
        }
        let id = live.id;
        if !shared.has(Bug::LostWakeUp) {
            let shared = shared.clone();
            tx.after_commit(move || shared.begin(live));
        }
        Ok(id)
    }

    /// Renews the lease and looks for operations whose owner is gone, until the process ends.
    pub async fn run(self) {
        let mut since_recovery = Duration::MAX;
        loop {
            if let Err(error) = self.renew().await {
                tracing::error!(error = %ferrostack_base::chain(&error), "the controller's lease could not be renewed");
            }
            if since_recovery >= 2 * self.0.options.renew {
                since_recovery = Duration::ZERO;
                if let Err(error) = self.recover().await {
                    tracing::error!(error = %ferrostack_base::chain(&error), "operations could not be looked through");
                }
            }
            self.0.db.clock().sleep(self.0.options.renew).await;
            since_recovery = since_recovery.saturating_add(self.0.options.renew);
        }
    }

    /// Renews the lease once. A lease that has lapsed is given up: our operations belong to whoever claims them, and this
    /// controller goes on under a new incarnation.
    ///
    /// # Errors
    /// What the database says.
    pub async fn renew(&self) -> Result<(), DbError> {
        let shared = &self.0;
        if shared.dead.load(Ordering::SeqCst)
            || lease::renew(&shared.db, &shared.incarnation(), shared.options.lapse).await?
        {
            return Ok(());
        }
        tracing::warn!("the controller's lease lapsed; its operations are left to whoever claims them");
        shared.abort_all();
        let incarnation = uuid::Uuid::new_v4().to_string();
        lease::take(&shared.db, &incarnation, &shared.node, shared.options.lapse).await?;
        *shared.incarnation.write().unwrap_or_else(PoisonError::into_inner) = incarnation;
        Ok(())
    }

    /// Starts own operations that do not run, and claims those whose owner's lease has lapsed. Returns how many it began.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recover(&self) -> Result<usize, DbError> {
        let shared = &self.0;
        let me = shared.incarnation();
        let mut begun = 0;
        for mut live in store::live(&shared.db).await? {
            if shared.is_running(live.id) || live.state == "stuck" || !shared.knows(&live) {
                continue;
            }
            if live.owner.as_deref() != Some(&me) {
                match shared.claim(&live, &me).await? {
                    Some((epoch, fence)) => (live.epoch, live.fence, live.owner) = (epoch, fence, Some(me.clone())),
                    None => continue,
                }
                tracing::info!(operation = %live.id, kind = live.kind, resource = live.resource, "operation taken over");
            }
            begun += 1;
            shared.begin(live);
        }
        Ok(begun)
    }

    /// Tries a stuck operation again, on an operator's word. `false` when it is not stuck.
    ///
    /// # Errors
    /// What the database says.
    pub async fn retry(&self, id: OperationId) -> Result<bool, DbError> {
        let changed = self
            .0
            .db
            .tx(|tx| async move {
                let sql = "UPDATE operation SET state = CASE WHEN failure IS NULL THEN 'running' ELSE 'unwinding' END WHERE id = ? AND state = 'stuck'";
                tx.changed(sql, args![id]).await
            })
            .await?;
        if changed {
            self.recover().await?;
        }
        Ok(changed)
    }

    /// How many operations this controller runs now.
    pub fn running(&self) -> usize {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Stops in order: running operations are left where they are, the lease is given up, others take over at once.
    ///
    /// # Errors
    /// What the database says.
    pub async fn stop(&self) -> Result<(), DbError> {
        self.0.dead.store(true, Ordering::SeqCst);
        self.0.abort_all();
        lease::give_up(&self.0.db, &self.0.incarnation()).await
    }

    /// Dies as by `kill -9`: nothing is written any more. For tests.
    pub fn kill(&self) {
        self.0.dead.store(true, Ordering::SeqCst);
        self.0.abort_all();
    }
}

/// The entry of a running operation; it goes with the task, however that ends, so that a recovery finds the operation.
struct Entry {
    shared: Arc<Shared>,
    id: OperationId,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Shared {
    pub(crate) fn incarnation(&self) -> String {
        self.incarnation.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(crate) async fn at(&self, kind: &str, step: &str, place: Place) -> Verdict {
        if self.dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let Some(inject) = &self.inject else { return Verdict::Go };
        let verdict = inject.at(Point { kind, step, place });
        match &verdict {
            Verdict::Crash => {
                self.dead.store(true, Ordering::SeqCst);
                std::future::pending::<()>().await;
            }
            Verdict::Hold(until) => until.notified().await,
            Verdict::Go | Verdict::Fail | Verdict::Repeat => {}
        }
        verdict
    }

    fn knows(&self, live: &Live) -> bool {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        kinds.get(live.kind.as_str()).is_some_and(|kind| kind.version >= live.version)
    }

    fn is_running(&self, id: OperationId) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    fn abort_all(&self) {
        // Aborting drops the tasks' entries, which take the lock themselves.
        let all: Vec<_> = self.running.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        for (_, handle) in all {
            handle.abort();
        }
    }

    /// Carries an operation out in a task of its own.
    fn begin(self: &Arc<Self>, live: Live) {
        if self.dead.load(Ordering::SeqCst) {
            return;
        }
        let kind = self.kinds.read().unwrap_or_else(PoisonError::into_inner).get(live.kind.as_str()).cloned();
        let Some(kind) = kind else {
            tracing::error!(kind = live.kind, "an operation of an unregistered kind was accepted");
            return;
        };
        let (id, shared) = (live.id, self.clone());
        // The entry is made before the task can end and remove it.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tokio::spawn(async move {
            let _entry = Entry { shared: shared.clone(), id };
            kind.run(shared, live).await;
        });
        running.insert(id, task.abort_handle());
    }

    /// Claims an operation whose owner's lease has lapsed (R3). `None`: the owner lives, or someone else was faster.
    async fn claim(&self, live: &Live, me: &str) -> Result<Option<(i64, ferrostack_base::Fence)>, DbError> {
        if self.has(Bug::DoubleClaim) {
            self.db.tx(|tx| async move { tx.exec("UPDATE operation SET owner = ? WHERE id = ?", args![me, live.id]).await }).await?;
            return Ok(Some((live.epoch, live.fence)));
        }
        let now = self.db.now().await?;
        let claimed: Result<ferrostack_base::Fence, Failure> = self
            .db
            .tx(|tx| async move {
                let changed = tx
                    .changed(
                        "UPDATE operation SET owner = ?, epoch = epoch + 1, seq = seq + 1, updated_us = ? WHERE id = ? AND epoch = ?
                            AND (owner IS NULL OR NOT EXISTS (SELECT 1 FROM controller_lease l WHERE l.incarnation = operation.owner AND l.expires_us > ?))",
                        args![me, now, live.id, live.epoch, now],
                    )
                    .await?;
                if !changed {
                    return Err(Failure::lost());
                }
                let fence = if self.has(Bug::FenceRemoved) {
                    store::current_fence(&tx, &live.resource).await?
                } else {
                    store::raise_fence(&tx, &live.resource).await?
                };
                tx.exec("UPDATE operation SET fence = ? WHERE id = ?", args![fence, live.id]).await?;
                Ok(fence)
            })
            .await;
        match claimed {
            Ok(fence) => Ok(Some((live.epoch + 1, fence))),
            Err(failure) => {
                if failure.kind != crate::FailureKind::Lost {
                    tracing::warn!(operation = %live.id, reason = failure.reason, "operation could not be claimed");
                }
                Ok(None)
            }
        }
    }
}
