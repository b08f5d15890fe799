//! Carries one operation out: forward, or back.

use std::{sync::Arc, time::Duration};

use ferrostack_db::{Json, args};

use crate::{
    Failure, FailureKind, Operation, Steps,
    saga::Shared,
    steps::{Persistence, Undo, guard},
    store,
    store::Live,
};

/// How often a step that fails for now is tried before the operation fails; forward-only ones have no limit.
const TRIES: u32 = 10;
/// How often an undo is tried before the operation is parked as stuck.
const UNDO_TRIES: u32 = 5;

/// What follows from one run.
enum Next {
    Ended,
    Again(Failure),
    Unwind(Failure),
}

pub(crate) async fn execute<O: Operation>(shared: Arc<Shared>, mut live: Live, world: O::World) {
    let operation = match serde_json::from_str::<O>(&live.params) {
        Ok(operation) => Arc::new(operation),
        Err(error) => {
            let reason = format!("the parameters of {} can't be read: {error}", O::KIND);
            return park(&shared, &live, &Failure::new(reason)).await;
        }
    };
    let undo: Undo = {
        let (operation, world) = (operation.clone(), world.clone());
        Arc::new(move |record, fence| {
            let (operation, world) = (operation.clone(), world.clone());
            Box::pin(async move { operation.undo(&record, fence, &world).await })
        })
    };
    let mut tries = 0;
    loop {
        let next = match live.failure.clone() {
            None => {
                let persistence = match () {
                    () if O::FORWARD_ONLY => Persistence::ForEver,
                    () if tries + 1 >= TRIES => Persistence::LastTry,
                    () => Persistence::Again,
                };
                forward(&shared, &live, &*operation, &world, &undo, persistence).await
            }
            Some(failure) => back(&shared, &live, &*operation, &world, &undo, &failure).await,
        };
        match next {
            Ok(Next::Ended) => return,
            Ok(Next::Unwind(failure)) => {
                tries = 0;
                live.failure = Some(failure);
            }
            Ok(Next::Again(failure)) => {
                tries += 1;
                if live.failure.is_some() && tries >= UNDO_TRIES && failure.kind != FailureKind::Transient {
                    return park(&shared, &live, &failure).await;
                }
                if wait(&shared, &live, tries, &failure).await == Wait::Lost {
                    return;
                }
            }
            Err(failure) if failure.kind == FailureKind::Lost => {
                tracing::info!(operation = %live.id, kind = O::KIND, "operation was taken over or overtaken");
                return;
            }
            Err(failure) => {
                tries += 1;
                if wait(&shared, &live, tries, &failure).await == Wait::Lost {
                    return;
                }
            }
        }
    }
}

/// How a wait ended.
#[derive(PartialEq, Eq)]
enum Wait {
    Over,
    /// The operation belongs to someone else by now.
    Lost,
}

async fn forward<O: Operation>(
    shared: &Arc<Shared>,
    live: &Live,
    operation: &O,
    world: &O::World,
    undo: &Undo,
    persistence: Persistence,
) -> Result<Next, Failure> {
    let records = store::steps(&shared.db, live.id).await?;
    let mut steps = Steps::new(shared.clone(), live, O::KIND, persistence, records, undo.clone());
    let result = match operation.run(&mut steps, world).await {
        Ok(()) if steps.has_ended() => Ok(()),
        Ok(()) => steps.finish(|_| async { Ok(()) }).await,
        Err(failure) => Err(failure),
    };
    match result {
        Ok(()) => Ok(Next::Ended),
        Err(failure) if failure.kind == FailureKind::Lost => Err(failure),
        Err(failure) if O::FORWARD_ONLY || failure.kind == FailureKind::Transient => Ok(Next::Again(failure)),
        Err(failure) => {
            begin_unwinding(shared, live, &failure).await?;
            Ok(Next::Unwind(failure))
        }
    }
}

async fn back<O: Operation>(
    shared: &Arc<Shared>,
    live: &Live,
    operation: &O,
    world: &O::World,
    undo: &Undo,
    failure: &Failure,
) -> Result<Next, Failure> {
    let records = store::steps(&shared.db, live.id).await?;
    let mut steps = Steps::new(shared.clone(), live, O::KIND, Persistence::Again, records, undo.clone());
    match steps.unwind_all().await {
        Ok(()) => {}
        Err(failure) if failure.kind == FailureKind::Lost => return Err(failure),
        Err(failure) => return Ok(Next::Again(failure)),
    }
    match steps.end("failed", "failed", |tx| async move { operation.failed(&tx, world, failure).await }).await {
        Ok(()) => Ok(Next::Ended),
        Err(failure) if failure.kind == FailureKind::Lost => Err(failure),
        Err(failure) => Ok(Next::Again(failure)),
    }
}

async fn begin_unwinding(shared: &Shared, live: &Live, failure: &Failure) -> Result<(), Failure> {
    tracing::warn!(operation = %live.id, kind = live.kind, resource = live.resource, request_id = live.origin.request_id, reason = failure.reason, "operation failed, undoing it");
    write(shared, live, "unwinding", Some(failure), None).await
}

/// Parks an operation that can't go on: loudly, with its reason, until an operator retries it.
async fn park(shared: &Shared, live: &Live, failure: &Failure) {
    tracing::error!(operation = %live.id, kind = live.kind, resource = live.resource, reason = failure.reason, "operation is stuck");
    if let Err(error) = write(shared, live, "stuck", live.failure.as_ref(), Some(&failure.reason)).await {
        tracing::error!(operation = %live.id, %error, "a stuck operation could not be marked");
    }
}

/// Notes why the operation waits, and waits: 0.1 s at first, 30 s at most.
async fn wait(shared: &Shared, live: &Live, tries: u32, failure: &Failure) -> Wait {
    tracing::warn!(operation = %live.id, kind = live.kind, resource = live.resource, tries, reason = failure.reason, "operation waits");
    let state = if live.failure.is_some() { "unwinding" } else { "running" };
    match write(shared, live, state, live.failure.as_ref(), Some(&failure.reason)).await {
        Err(failure) if failure.kind == FailureKind::Lost => return Wait::Lost,
        // Else the database is what we wait for.
        Ok(()) | Err(_) => {}
    }
    let pause = Duration::from_millis(100 << tries.min(9)).min(Duration::from_secs(30));
    shared.db.clock().sleep(pause).await;
    Wait::Over
}

async fn write(
    shared: &Shared,
    live: &Live,
    state: &str,
    failure: Option<&Failure>,
    reason: Option<&str>,
) -> Result<(), Failure> {
    shared
        .db
        .tx(|tx| async move {
            guard(shared, &tx, live.id, live.epoch).await?;
            tx.exec(
                "UPDATE operation SET state = ?, failure = ?, reason = ? WHERE id = ?",
                args![state, failure.map(Json), reason, live.id],
            )
            .await?;
            Ok::<_, Failure>(())
        })
        .await
}
