//! What every transaction of a durable operation begins with.
//!
//! A step of an operation calls other services, which open transactions of their own. Should the operation have been
//! taken over meanwhile, none of them may be committed (R3). So the step runs inside [`guarded`], and [`crate::Db::tx`]
//! runs the guard as the first statement of every transaction that is opened there, whichever service opens it: nobody
//! can forget it. Tasks that a step spawns are not covered; steps don't spawn.

use std::{future::Future, pin::Pin, sync::Arc};

use crate::{DbError, Tx};

/// The first statement of a transaction. It must be an UPDATE: only that enters Galera's certification.
pub trait Prelude: Send + Sync {
    /// Fails with [`DbError::Fenced`] when the transaction may not go on.
    fn check<'a>(&'a self, tx: &'a Tx) -> Pin<Box<dyn Future<Output = Result<(), DbError>> + Send + 'a>>;
}

tokio::task_local! {
    static CURRENT: Arc<dyn Prelude>;
    /// Set while a transaction's closure runs.
    static INSIDE: ();
}

/// Runs a transaction's closure, marked as such.
pub(crate) async fn inside<F: Future>(future: F) -> F::Output {
    INSIDE.scope((), future).await
}

/// Whether this is called from a transaction's closure: another transaction would wait for this one for ever.
pub(crate) fn is_inside() -> bool {
    INSIDE.try_with(|()| ()).is_ok()
}

/// Runs `future`; all transactions that it opens begin with `prelude`.
pub async fn guarded<F: Future>(prelude: Arc<dyn Prelude>, future: F) -> F::Output {
    CURRENT.scope(prelude, future).await
}

/// Whether this runs inside [`guarded`]. Such work shares no transaction with anyone else's.
pub fn is_guarded() -> bool {
    CURRENT.try_with(|_| ()).is_ok()
}

pub(crate) fn current() -> Option<Arc<dyn Prelude>> {
    CURRENT.try_with(Arc::clone).ok()
}
