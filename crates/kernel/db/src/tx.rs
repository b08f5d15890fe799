//! A running transaction.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{DbError, Read, Row, Value, mysql, sqlite};

type Hook = Box<dyn FnOnce() + Send>;

/// A transaction of [`crate::Db::tx`]; it is handed to the closure by value and ends with it. Clones share the
/// transaction.
#[derive(Clone)]
pub struct Tx {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) link: Mutex<Option<Link>>,
    hooks: std::sync::Mutex<Vec<Hook>>,
    transient: AtomicBool,
}

pub(crate) enum Link {
    Sqlite(OwnedMutexGuard<sqlite::Writer>),
    MySql(Box<sqlx::Transaction<'static, sqlx::MySql>>),
}

impl Inner {
    pub(crate) fn new(link: Link) -> Arc<Self> {
        Arc::new(Self {
            link: Mutex::new(Some(link)),
            hooks: std::sync::Mutex::default(),
            transient: AtomicBool::new(false),
        })
    }

    pub(crate) fn was_transient(&self) -> bool {
        self.transient.load(Ordering::Relaxed)
    }

    pub(crate) fn take_hooks(&self) -> Vec<Hook> {
        std::mem::take(&mut *self.hooks.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn note<T>(&self, result: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(error) = &result
            && error.is_transient()
        {
            self.transient.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Tx {
    /// Runs a statement and tells how many rows it changed. On MariaDB too, a row that matches counts, changed or not.
    ///
    /// # Errors
    /// What the database says; a transient error makes the whole transaction run again.
    pub async fn exec(&self, sql: impl AsRef<str> + Send, args: Vec<Value>) -> Result<u64, DbError> {
        let mut link = self.inner.link.lock().await;
        let result = match link.as_mut().ok_or(DbError::Ended)? {
            Link::Sqlite(writer) => sqlite::exec(writer.connection()?, sql.as_ref(), args).await,
            Link::MySql(connection) => mysql::exec(connection, sql.as_ref(), args).await,
        };
        self.inner.note(result)
    }

    /// Runs a statement that must change exactly one row by compare-and-set; `false` when it changed none.
    ///
    /// # Errors
    /// As [`Tx::exec`].
    pub async fn changed(&self, sql: impl AsRef<str> + Send, args: Vec<Value>) -> Result<bool, DbError> {
        Ok(self.exec(sql, args).await? > 0)
    }

    /// Inserts many rows with one statement per 200: `insert` is `INSERT INTO t (a, b) VALUES`, each row has as many values
    /// as there are columns.
    ///
    /// # Errors
    /// As [`Tx::exec`].
    pub async fn insert_many(&self, insert: &'static str, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
        for chunk in rows.chunks(200) {
            let width = chunk.first().map_or(0, Vec::len);
            let group = format!("({})", vec!["?"; width].join(", "));
            let sql = format!("{insert} {}", vec![group.as_str(); chunk.len()].join(", "));
            self.exec(sql, chunk.concat()).await?;
        }
        Ok(())
    }

    /// Calls `hook` once the transaction is durable; not at all when it is rolled back. Hooks are short and only wake
    /// others or drop caches: nothing that matters may depend on them (R1).
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        self.inner.hooks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Box::new(hook));
    }
}

impl Read for Tx {
    async fn all(&self, sql: impl AsRef<str> + Send, args: Vec<Value>) -> Result<Vec<Row>, DbError> {
        let mut link = self.inner.link.lock().await;
        let result = match link.as_mut().ok_or(DbError::Ended)? {
            Link::Sqlite(writer) => sqlite::all(writer.connection()?, sql.as_ref(), args).await,
            Link::MySql(connection) => mysql::all(connection, sql.as_ref(), args).await,
        };
        self.inner.note(result)
    }
}
