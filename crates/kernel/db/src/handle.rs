//! The handle that every service holds.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use ferrostack_base::{Clock, Timestamp};
use sqlx::{Executor, mysql::MySqlPool};

use crate::{
    DbError, FromRow, Row, Sql, Tx, Value, args, mysql, prelude, sqlite,
    tx::{Inner, Link},
};

/// How often a transaction is tried before the caller sees the transient error.
const ATTEMPTS: u32 = 20;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Shared>);

struct Shared {
    backend: Backend,
    clock: Clock,
    gone: std::sync::atomic::AtomicBool,
}

enum Backend {
    Sqlite(sqlite::File),
    MySql(MySqlPool),
}

/// Which database it is, where that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file on this machine; one process uses it.
    Sqlite,
    /// MariaDB or a Galera cluster; several controllers may share it.
    MariaDb,
}

/// How to open the database.
#[derive(Debug, Clone)]
pub enum DbOptions {
    /// A file on a local disk.
    Sqlite {
        /// The file; made when missing, with its directory.
        path: PathBuf,
    },
    /// `mysql://user:password@host:port/database`.
    MariaDb {
        /// The address.
        url: String,
        /// Largest number of connections.
        pool: u32,
    },
}

/// What can be read from: the database itself, or a transaction (which sees its own writes).
pub trait Read: Sync {
    /// All rows of a statement.
    fn all(
        &self,
        sql: impl AsRef<str> + Send,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Row>, DbError>> + Send;

    /// The first row, if there is one.
    fn one(
        &self,
        sql: impl AsRef<str> + Send,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Option<Row>, DbError>> + Send {
        async move { Ok(self.all(sql, args).await?.into_iter().next()) }
    }

    /// All rows of a statement built by [`Sql`], read as `T`.
    fn list<T: FromRow>(&self, sql: Sql) -> impl Future<Output = Result<Vec<T>, DbError>> + Send {
        async move {
            let (text, args) = sql.into_parts();
            self.all(text, args).await?.iter().map(T::from_row).collect()
        }
    }

    /// The first row read as `T`.
    fn find<T: FromRow>(
        &self,
        sql: impl AsRef<str> + Send,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Option<T>, DbError>> + Send {
        async move { self.one(sql, args).await?.as_ref().map(T::from_row).transpose() }
    }

    /// All rows read as `T`.
    fn rows<T: FromRow>(
        &self,
        sql: impl AsRef<str> + Send,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<T>, DbError>> + Send {
        async move { self.all(sql, args).await?.iter().map(T::from_row).collect() }
    }
}

impl Read for Db {
    async fn all(&self, sql: impl AsRef<str> + Send, args: Vec<Value>) -> Result<Vec<Row>, DbError> {
        self.there()?;
        match &self.0.backend {
            Backend::Sqlite(file) => sqlite::pool_all(&file.readers, sql.as_ref(), args).await,
            Backend::MySql(pool) => mysql::pool_all(pool, sql.as_ref(), args).await,
        }
    }
}

impl Db {
    /// Opens the database; makes the file of SQLite when it is missing.
    ///
    /// # Errors
    /// [`DbError::Address`] when the address is unusable, [`DbError::Unavailable`] when nobody answers there.
    pub async fn open(options: DbOptions, clock: Clock) -> Result<Self, DbError> {
        let backend = match options {
            DbOptions::Sqlite { path } => Backend::Sqlite(sqlite::File::open(&path, 4).await?),
            DbOptions::MariaDb { url, pool } => Backend::MySql(mysql::open(&url, pool).await?),
        };
        Ok(Self(Arc::new(Shared { backend, clock, gone: std::sync::atomic::AtomicBool::new(false) })))
    }

    /// Makes every call fail as if the database were gone, until it is called with `false`; for tests.
    #[cfg(feature = "testing")]
    pub fn pretend_gone(&self, gone: bool) {
        self.0.gone.store(gone, std::sync::atomic::Ordering::SeqCst);
    }

    /// Closes all connections to a server; for tests.
    #[cfg(feature = "testing")]
    pub async fn close(&self) {
        if let Backend::MySql(pool) = &self.0.backend {
            pool.close().await;
        }
    }

    fn there(&self) -> Result<(), DbError> {
        if self.0.gone.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(DbError::Unavailable(sqlx::Error::PoolClosed));
        }
        Ok(())
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        match &self.0.backend {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::MySql(_) => Engine::MariaDb,
        }
    }

    /// The clock that this database's users share.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The database's time: all controllers agree on it, whatever their own clocks say. A test's clock overrides it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn now(&self) -> Result<Timestamp, DbError> {
        match &self.0.backend {
            Backend::MySql(_) if !self.0.clock.is_manual() => {
                let row = self.one("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) AS now_us", vec![]).await?;
                row.ok_or(DbError::Ended)?.get("now_us")
            }
            _ => Ok(self.0.clock.now()),
        }
    }

    /// Runs a transaction; see the crate's documentation. `f` may run several times.
    ///
    /// # Errors
    /// What `f` returns (nothing is changed then), or what the database says about the commit.
    pub async fn tx<T, E, F, Fut>(&self, f: F) -> Result<T, E>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<DbError>,
    {
        self.there()?;
        if prelude::is_inside() {
            return Err(DbError::Nested.into());
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let result = match &self.0.backend {
                Backend::Sqlite(file) => self.sqlite_tx(file, &f).await,
                Backend::MySql(pool) => self.mysql_tx(pool, &f).await,
            };
            match result {
                Attempt::Done(result) => return result,
                Attempt::Again(_) if attempt < ATTEMPTS => {
                    backoff(attempt).await;
                }
                Attempt::Again(error) => return Err(error),
            }
        }
    }

    async fn sqlite_tx<T, E, F, Fut>(&self, file: &sqlite::File, f: &F) -> Attempt<T, E>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<DbError>,
    {
        let mut writer = file.writer.clone().lock_owned().await;
        if let Err(error) = writer.begin().await {
            return Attempt::of(error);
        }
        let inner = Inner::new(Link::Sqlite(writer));
        let result = begin(&inner, f).await;
        let Some(Link::Sqlite(mut writer)) = inner.link.lock().await.take() else { return Attempt::of(DbError::Ended) };
        let value = match result {
            Ok(value) => value,
            Err(error) => {
                let rolled_back = writer.rollback().await;
                drop(writer);
                file.commit_soon();
                return match rolled_back {
                    Err(lost) => Attempt::of(lost),
                    Ok(()) if inner.was_transient() => Attempt::Again(error),
                    Ok(()) => Attempt::Done(Err(error)),
                };
            }
        };
        let released = writer.release().await;
        drop(writer);
        file.commit_soon();
        match released {
            Err(error) => Attempt::of(error),
            Ok(committed) => match committed.await {
                Ok(Ok(())) => {
                    inner.take_hooks().into_iter().for_each(|hook| hook());
                    Attempt::Done(Ok(value))
                }
                Ok(Err(lost)) => Attempt::of(lost.into()),
                Err(_) => Attempt::of(DbError::Ended),
            },
        }
    }

    async fn mysql_tx<T, E, F, Fut>(&self, pool: &MySqlPool, f: &F) -> Attempt<T, E>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<DbError>,
    {
        // Dropped in the middle (a lost caller), it rolls back before anyone else gets its connection.
        let transaction = match pool.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return Attempt::of(error.into()),
        };
        let inner = Inner::new(Link::MySql(Box::new(transaction)));
        let result = begin(&inner, f).await;
        let Some(Link::MySql(mut transaction)) = inner.link.lock().await.take() else {
            return Attempt::of(DbError::Ended);
        };
        let value = match result {
            Ok(value) => value,
            Err(error) => {
                // Should the rollback fail, the connection is broken and the server has rolled back.
                let _ = transaction.rollback().await;
                return if inner.was_transient() { Attempt::Again(error) } else { Attempt::Done(Err(error)) };
            }
        };
        let id = uuid::Uuid::new_v4().to_string();
        let written = mysql::exec(
            &mut transaction,
            "INSERT INTO tx_outcome (id, at_us) VALUES (?, ?)",
            args![id, self.0.clock.now()],
        )
        .await;
        if let Err(error) = written {
            return Attempt::of(error);
        }
        match transaction.commit().await.map_err(DbError::from) {
            Ok(()) => {}
            Err(error @ DbError::Transient(_)) => return Attempt::of(error),
            Err(error) => {
                if !self.did_commit(&id).await {
                    return Attempt::of(error);
                }
            }
        }
        inner.take_hooks().into_iter().for_each(|hook| hook());
        Attempt::Done(Ok(value))
    }

    /// Whether the transaction with that id was committed although its connection was lost. Asks until someone answers.
    async fn did_commit(&self, id: &str) -> bool {
        loop {
            match self.one("SELECT id FROM tx_outcome WHERE id = ?", args![id]).await {
                Ok(row) => return row.is_some(),
                Err(error) => {
                    tracing::warn!(error = %ferrostack_base::chain(&error), "the outcome of a commit is not known yet");
                    backoff(8).await;
                }
            }
        }
    }

    /// Forgets outcomes older than `before`; a reconciler calls it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn purge_outcomes(&self, before: Timestamp) -> Result<u64, DbError> {
        self.tx(|tx| async move { tx.exec("DELETE FROM tx_outcome WHERE at_us < ?", args![before]).await }).await
    }

    pub(crate) async fn ddl(&self, statement: &'static str) -> Result<(), DbError> {
        self.ddl_batch(&[statement]).await
    }

    /// Runs statements that change the schema. MariaDB commits each by itself.
    pub(crate) async fn ddl_batch(&self, statements: &[&'static str]) -> Result<(), DbError> {
        match &self.0.backend {
            Backend::Sqlite(_) => {
                self.tx(|tx| async move {
                    for statement in statements {
                        tx.exec(*statement, vec![]).await?;
                    }
                    Ok::<_, DbError>(())
                })
                .await
            }
            Backend::MySql(pool) => {
                for statement in statements {
                    let mut text = (*statement).to_owned();
                    if text.trim_start().starts_with("CREATE TABLE") {
                        text.push_str(" ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
                    }
                    pool.execute(sqlx::AssertSqlSafe(text)).await?;
                }
                Ok(())
            }
        }
    }
}

/// Runs the closure, after the guard of the operation that it belongs to, if any.
async fn begin<T, E, F, Fut>(inner: &Arc<Inner>, f: &F) -> Result<T, E>
where
    F: Fn(Tx) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<DbError>,
{
    let tx = Tx { inner: inner.clone() };
    if let Some(prelude) = prelude::current() {
        prelude.check(&tx).await?;
    }
    prelude::inside(f(tx)).await
}

/// Waits a moment before a transaction is tried again. Real time: a test's clock stands still, the database does not.
async fn backoff(attempt: u32) {
    let ceiling = 1u64 << attempt.min(8);
    let jitter = uuid::Uuid::new_v4().as_u64_pair().0 % ceiling;
    Clock::system().sleep(Duration::from_millis(ceiling / 2 + jitter)).await;
}

enum Attempt<T, E> {
    Done(Result<T, E>),
    Again(E),
}

impl<T, E: From<DbError>> Attempt<T, E> {
    fn of(error: DbError) -> Self {
        if error.is_transient() { Self::Again(error.into()) } else { Self::Done(Err(error.into())) }
    }
}

/// The address without its password, for messages.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, place)) => format!("{scheme}://{}:***@{place}", user.split(':').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}
