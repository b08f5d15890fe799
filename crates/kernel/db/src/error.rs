//! What can go wrong between us and the database.

/// An error of the database, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A row with that key exists; `constraint` is the database's name for it.
    #[error("a row with that key already exists ({constraint})")]
    Duplicate {
        /// Name of the violated constraint or its columns.
        constraint: String,
    },
    /// A row that is referred to does not exist, or one that is still referred to was to be deleted.
    #[error("a reference between rows is violated")]
    Reference,
    /// Deadlock, lock time-out, lost certification or busy file: the transaction is tried again by [`crate::Db::tx`].
    #[error("the database asks to try again")]
    Transient(#[source] sqlx::Error),
    /// The database does not answer.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The disk is full.
    #[error("no space is left for the database")]
    NoSpace(#[source] sqlx::Error),
    /// The statement itself failed.
    #[error("the database refused a statement")]
    Statement(#[source] sqlx::Error),
    /// The schema was written by a newer version of this program.
    #[error(
        "{component}'s tables are of version {found}, this program knows {known}: start the newer program, or restore a backup"
    )]
    NewerSchema {
        /// The service whose tables these are.
        component: String,
        /// Version in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// A column does not hold what the code expects.
    #[error("column {column:?} holds {found}, not {wanted}")]
    Decode {
        /// Name of the column.
        column: String,
        /// What the code wanted.
        wanted: &'static str,
        /// What was found, shortened.
        found: String,
    },
    /// The settings of the database are unusable.
    #[error("unusable database address {url:?}: {reason}")]
    Address {
        /// The address without its password.
        url: String,
        /// Why it can't be used.
        reason: String,
    },
    /// The operation that this transaction belongs to was taken over or overtaken: nothing is written.
    #[error("the operation belongs to another controller")]
    Fenced,
    /// A bug: a transaction was begun inside of another one's closure, and would wait for it for ever.
    #[error("a transaction was begun inside of another one")]
    Nested,
    /// The transaction was used after its end, or the writer is gone.
    #[error("the transaction has ended")]
    Ended,
}

impl DbError {
    /// Whether the same transaction may succeed when it is tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient(_))
    }

    /// Whether a row with that key exists already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate { .. })
    }
}

/// Numbers of MariaDB that mean "try again": deadlock, lock wait time-out, record changed, node not ready.
const MYSQL_RETRY: [u16; 4] = [1213, 1205, 1020, 1047];

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
                other => Self::Statement(other),
            };
        };
        if let Some(mysql) = database.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            let number = mysql.number();
            if MYSQL_RETRY.contains(&number) {
                return Self::Transient(error);
            }
            if number == 1021 || number == 1114 {
                return Self::NoSpace(error);
            }
        } else {
            // Primary result codes of SQLite are the low byte: 5 busy, 6 locked, 13 full.
            match database.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xff) {
                Some(5 | 6) => return Self::Transient(error),
                Some(13) => return Self::NoSpace(error),
                _ => {}
            }
        }
        match database.kind() {
            sqlx::error::ErrorKind::UniqueViolation => Self::Duplicate { constraint: database.message().to_owned() },
            sqlx::error::ErrorKind::ForeignKeyViolation => Self::Reference,
            _ => Self::Statement(error),
        }
    }
}
