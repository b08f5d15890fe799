//! SQLite: one writer that batches commits, a few readers.

use std::{sync::Arc, time::Duration};

use sqlx::{
    Column, ConnectOptions, Executor, Row as _, Sqlite, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use tokio::sync::{Mutex, Notify, oneshot};

use crate::{DbError, Row, Value, row::Columns};

/// Answers of the commit that a transaction is part of.
type Outcome = Result<(), Lost>;

/// Why a whole batch was given up; each transaction in it is told.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    cause: Arc<DbError>,
}

impl From<Lost> for DbError {
    fn from(lost: Lost) -> Self {
        let no_space = matches!(*lost.cause, Self::NoSpace(_));
        let cause = sqlx::Error::Io(std::io::Error::other(lost.cause));
        if no_space { Self::NoSpace(cause) } else { Self::Unavailable(cause) }
    }
}

/// The database file: the writer, its committer and the readers.
pub(crate) struct File {
    pub(crate) writer: Arc<Mutex<Writer>>,
    pub(crate) readers: SqlitePool,
    commit: Arc<Notify>,
}

/// The only connection that writes, and the transactions that wait for the next commit.
pub(crate) struct Writer {
    connection: Option<SqliteConnection>,
    open: bool,
    in_savepoint: bool,
    batch: Vec<oneshot::Sender<Outcome>>,
}

impl File {
    pub(crate) async fn open(path: &std::path::Path, readers: u32) -> Result<Self, DbError> {
        let address = |reason: String| DbError::Address { url: path.display().to_string(), reason };
        if let Some(dir) = path.parent() {
            tokio::fs::create_dir_all(dir).await.map_err(|error| address(error.to_string()))?;
        }
        // Tables hold secrets; SQLite gives its journal the mode of the file.
        let owners_only = tokio::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).await;
        owners_only.map_err(|error| address(error.to_string()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-8000")
            .pragma("wal_autocheckpoint", "4000")
            .pragma("temp_store", "MEMORY")
            .statement_cache_capacity(512);
        let connection = options.connect().await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        let writer = Writer { connection: Some(connection), open: false, in_savepoint: false, batch: Vec::new() };
        let file = Self { writer: Arc::new(Mutex::new(writer)), readers, commit: Arc::new(Notify::new()) };
        tokio::spawn(commit_batches(Arc::downgrade(&file.writer), file.commit.clone()));
        Ok(file)
    }

    /// Asks the committer for a commit after all who wait for the writer now have had their turn.
    pub(crate) fn commit_soon(&self) {
        self.commit.notify_one();
    }
}

/// Commits whenever someone asks. The writer's lock is fair, so those who already waited for it join the batch.
async fn commit_batches(writer: std::sync::Weak<Mutex<Writer>>, commit: Arc<Notify>) {
    loop {
        commit.notified().await;
        let Some(writer) = writer.upgrade() else { return };
        writer.lock().await.commit().await;
    }
}

impl Writer {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, DbError> {
        self.connection.as_mut().ok_or(DbError::Ended)
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), DbError> {
        self.connection()?.execute(statement).await?;
        Ok(())
    }

    /// Opens a transaction's savepoint, and the batch if this is its first.
    pub(crate) async fn begin(&mut self) -> Result<(), DbError> {
        if self.in_savepoint {
            // Whoever was here before was dropped in the middle: nothing of it may stay.
            self.rollback().await?;
        }
        if !self.open {
            self.run("BEGIN IMMEDIATE").await?;
            self.open = true;
        }
        self.in_savepoint = true;
        self.run("SAVEPOINT one").await
    }

    /// Ends a transaction's savepoint and joins the batch.
    pub(crate) async fn release(&mut self) -> Result<oneshot::Receiver<Outcome>, DbError> {
        self.run("RELEASE one").await?;
        self.in_savepoint = false;
        let (sender, receiver) = oneshot::channel();
        self.batch.push(sender);
        Ok(receiver)
    }

    /// Takes back what the transaction did; the rest of the batch stays.
    pub(crate) async fn rollback(&mut self) -> Result<(), DbError> {
        self.in_savepoint = false;
        // When SQLite itself rolled the whole batch back (disk full, I/O error), there is no savepoint any more.
        let taken_back = self.run("ROLLBACK TO one").await;
        let released = self.run("RELEASE one").await;
        if taken_back.is_err() || released.is_err() {
            self.abandon(DbError::Unavailable(sqlx::Error::WorkerCrashed)).await;
        }
        Ok(())
    }

    async fn commit(&mut self) {
        if !self.open {
            return;
        }
        if self.in_savepoint && self.rollback().await.is_err() {
            return;
        }
        match self.run("COMMIT").await {
            Ok(()) => {
                self.open = false;
                for waiting in self.batch.drain(..) {
                    let _ = waiting.send(Ok(()));
                }
            }
            Err(error) => self.abandon(error).await,
        }
    }

    /// Gives the whole batch up; everybody in it is told.
    async fn abandon(&mut self, error: DbError) {
        let lost = Lost { cause: Arc::new(error) };
        let _ = self.run("ROLLBACK").await;
        self.open = false;
        self.in_savepoint = false;
        for waiting in self.batch.drain(..) {
            let _ = waiting.send(Err(lost.clone()));
        }
    }
}

backend!(Sqlite, SqliteArguments, SqliteConnection, SqlitePool, SqliteRow);

fn decode(row: &SqliteRow, index: usize) -> Result<Value, DbError> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let info = raw.type_info();
    Ok(match info.name() {
        "INTEGER" | "BOOLEAN" | "INT4" | "BIGINT" => Value::Int(row.try_get_unchecked(index)?),
        "REAL" => Value::Real(row.try_get_unchecked(index)?),
        "BLOB" => Value::Bytes(row.try_get_unchecked(index)?),
        _ => Value::Text(row.try_get_unchecked(index)?),
    })
}
