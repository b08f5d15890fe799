//! SQLite and MariaDB behind one type.
//!
//! # Theory of operation
//! All writes go through [`Db::tx`] (R15). The closure gets a [`Tx`] by value, is pure and short, and may run again: when
//! the database reports a deadlock, a lock time-out, a lost certification (Galera) or a busy file, the transaction is
//! rolled back and the closure runs anew.
//!
//! *SQLite* has one writer. Transactions run one after another on its connection, each in a savepoint; they are committed
//! together, in the order in which they ran, as soon as nobody who already waits for the writer is left before the
//! committer. One `fsync` thus serves all transactions that came together, and each caller is answered only after it. Reads
//! use connections of their own and see what is committed.
//!
//! *MariaDB* runs each transaction on a connection of a pool. Every transaction writes its own id; when the connection
//! breaks in the COMMIT, the id is looked up on another one, so that the outcome is known, not guessed.
//!
//! The SQL is the common part of both dialects, with `?` placeholders. Times are microseconds, booleans are 0 and 1.

#[macro_use]
mod backend;
mod error;
mod handle;
mod migrate;
mod mysql;
mod prelude;
mod row;
mod sql;
mod sqlite;
mod tx;
mod value;

#[cfg(feature = "testing")]
pub mod testing;

pub use error::DbError;
pub use handle::{Db, DbOptions, Engine, Read};
pub use migrate::{Migration, Migrations};
pub use prelude::{Prelude, guarded, is_guarded};
pub use row::{Columns, FromRow, Row};
pub use sql::Sql;
pub use tx::Tx;
pub use value::{FromValue, Json, ToValue, Value};
