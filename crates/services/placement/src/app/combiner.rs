//! Writes that arrive together go into one transaction.
//!
//! # Theory of operation
//! Every write of allocations raises the counter of changes, one row, so writes are serial in any database, and each costs
//! a commit. A request puts its claims into a queue and waits for its turn at the writer. Whoever gets the turn takes all
//! that waits and writes it by one transaction; when the others get theirs, they find their outcome there. A batch that
//! fails changes nothing, and each of its requests is then written alone and gets its own answer: nobody is refused
//! because of a neighbour. A batch has each consumer once; the second claim of one waits for the next batch.
//!
//! A request that is dropped while it leads takes the batch with it: the transaction is rolled back or committed as a
//! whole, and the others, whose outcome got lost, write alone. A claim that was committed already is refused then when it
//! names a generation, as any second attempt is; handlers of changes are not dropped (`kernel/http`).

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::allocation::{Claim, write_alone};
use crate::Placement;

/// So many requests share a transaction at most.
const BATCH: usize = 32;

/// It was not written together with others; write it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alone;

/// The queue of the writer.
#[derive(Debug, Default)]
pub(crate) struct Combiner {
    waiting: Mutex<Vec<Job>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Job {
    claims: Vec<Claim>,
    done: oneshot::Sender<bool>,
}

impl Combiner {
    /// Waits until these claims are written with others.
    pub(crate) async fn join(&self, placement: &Placement, claims: &[Claim]) -> Result<(), Alone> {
        let (done, mut outcome) = oneshot::channel();
        self.lock().push(Job { claims: claims.to_vec(), done });
        loop {
            let _turn = self.turn.lock().await;
            if let Some(settled) = settled(&mut outcome) {
                return settled;
            }
            let batch = self.next_batch();
            let claims: Vec<Claim> = batch.iter().flat_map(|job| job.claims.iter().cloned()).collect();
            let written = write_alone(placement, &claims).await.is_ok();
            for job in batch {
                let _ = job.done.send(written);
            }
            // Ours may have had to wait for another claim of its consumer.
            if let Some(settled) = settled(&mut outcome) {
                return settled;
            }
        }
    }

    /// What waits, oldest first, each consumer once.
    fn next_batch(&self) -> Vec<Job> {
        let mut waiting = self.lock();
        let mut consumers: HashSet<Uuid> = HashSet::new();
        let (mut batch, mut rest) = (Vec::new(), Vec::new());
        for job in waiting.drain(..) {
            let fits = batch.len() < BATCH && job.claims.iter().all(|claim| !consumers.contains(&claim.consumer));
            // Also of one that has to wait: nothing overtakes it.
            consumers.extend(job.claims.iter().map(|claim| claim.consumer));
            if fits { &mut batch } else { &mut rest }.push(job);
        }
        *waiting = rest;
        batch
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Job>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settled(outcome: &mut oneshot::Receiver<bool>) -> Option<Result<(), Alone>> {
    match outcome.try_recv() {
        Ok(true) => Some(Ok(())),
        Ok(false) | Err(oneshot::error::TryRecvError::Closed) => Some(Err(Alone)),
        Err(oneshot::error::TryRecvError::Empty) => None,
    }
}
