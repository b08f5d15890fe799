//! Which generation it is now, cheaply.
//!
//! On SQLite one process is all there is, so its memory knows. On MariaDB another controller may have raised the counter,
//! so the database is asked for each request; requests that wait for an answer share the next one.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use ferrostack_db::{Db, DbError, Engine, Tx};
use tokio::sync::Mutex;

use crate::store;

/// The generation before it was read for the first time.
const UNKNOWN: i64 = i64::MIN;

/// The counter as this process sees it.
pub(crate) struct Counter {
    known: Arc<AtomicI64>,
    /// How many reads were begun.
    begun: AtomicU64,
    /// The number of the last read that was finished; who holds it reads.
    finished: Mutex<u64>,
}

impl Default for Counter {
    fn default() -> Self {
        Self { known: Arc::new(AtomicI64::new(UNKNOWN)), begun: AtomicU64::new(0), finished: Mutex::new(0) }
    }
}

impl Counter {
    /// A generation that was not older than the last committed one when this was called.
    pub(crate) async fn now(&self, db: &Db) -> Result<i64, DbError> {
        if db.engine() == Engine::Sqlite {
            let known = self.known.load(Ordering::Acquire);
            if known != UNKNOWN {
                return Ok(known);
            }
        }
        let before = self.begun.load(Ordering::Acquire);
        let mut finished = self.finished.lock().await;
        if *finished > before {
            // Begun after this call, so that it saw all that was committed before.
            return Ok(self.known.load(Ordering::Acquire));
        }
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let read = store::generation::get(db).await?;
        self.known.fetch_max(read, Ordering::AcqRel);
        *finished = number;
        Ok(self.known.load(Ordering::Acquire))
    }

    /// Raises the counter with this transaction; the new generation.
    pub(crate) async fn raise(&self, tx: &Tx) -> Result<i64, DbError> {
        let raised = store::generation::raise(tx).await?;
        let known = Arc::clone(&self.known);
        tx.after_commit(move || {
            known.fetch_max(raised, Ordering::AcqRel);
        });
        Ok(raised)
    }
}

#[cfg(test)]
mod tests {
    use ferrostack_base::Clock;
    use ferrostack_db::testing::TestDb;

    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn every_reader_sees_what_was_committed_before_it_asked() {
        for test in TestDb::each(Clock::system(), &[MIGRATIONS]).await.unwrap() {
            let (here, other) = (Arc::new(Counter::default()), Counter::default());
            let (db, counter) = (&test.db, &here);
            assert_eq!(counter.now(db).await.unwrap(), 1);
            for round in 2..12 {
                // On MariaDB another controller raises it, on SQLite this one.
                let raiser = if db.engine() == Engine::MariaDb { &other } else { &*here };
                assert_eq!(db.tx(|tx| async move { raiser.raise(&tx).await }).await.unwrap(), round);
                let (a, b, c) = tokio::join!(counter.now(db), counter.now(db), counter.now(db));
                assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (round, round, round));
            }
        }
    }

    #[tokio::test]
    async fn a_transaction_that_fails_raises_nothing() {
        for test in TestDb::each(Clock::system(), &[MIGRATIONS]).await.unwrap() {
            let counter = &Counter::default();
            let failed: Result<(), DbError> = test
                .db
                .tx(|tx| async move {
                    counter.raise(&tx).await?;
                    Err(DbError::Ended)
                })
                .await;
            failed.unwrap_err();
            assert_eq!(counter.now(&test.db).await.unwrap(), 1);
        }
    }
}
