//! An OVSDB client (RFC 7047) and the tables of OVN and Open vSwitch that we use. It knows nothing of who uses it.
//!
//! From the bottom up: [`Atom`], [`Value`] and [`Row`] are the protocol's data; [`Operation`] is what a transaction is
//! made of; [`Client`] speaks over one stream; [`Connection`] dials again when the stream ends and keeps a [`Replica`];
//! [`northbound`], [`southbound`] and [`open_vswitch`] have a type for the rows of each table.

mod atom;
mod client;
mod column_type;
mod connection;
mod endpoint;
mod error;
mod framing;
mod monitor;
pub mod northbound;
pub mod open_vswitch;
mod operation;
mod replica;
mod row;
mod schema;
pub mod southbound;
mod table;
mod value;

pub use atom::Atom;
pub use client::{Client, Monitor};
pub use column_type::{AtomKind, BaseType, ColumnType, Misfit, Reference};
pub use connection::{Connection, ConnectionSettings, Event};
pub use endpoint::{Endpoint, InProcess, Stream};
pub use error::{ErrorKind, OperationError, OvnError};
pub use framing::{MESSAGE_LIMIT, MessageReader};
pub use monitor::{MonitorVersion, RowUpdate, Update, WatchedTable};
pub use operation::{Condition, Function, Mutation, Mutator, Operation, OperationResult, Until};
pub use replica::{Change, ChangeKind, Contents, Replica};
pub use row::{AtomValue, ColumnValue, Row, RowRef};
pub use schema::{ColumnSchema, DatabaseSchema, TableSchema};
pub use table::{Role, Table};
pub use value::{Value, ValueError};
