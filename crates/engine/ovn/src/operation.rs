//! The operations of a transaction (RFC 7047 section 5.2), their conditions and mutations, and what they answer.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{OvnError, Row, Value, ValueError};

mod condition;
mod mutation;
mod reading;
mod result;

pub use condition::{Condition, Function};
pub use mutation::{Mutation, Mutator};
pub use result::OperationResult;

pub(crate) use result::results_from_json;

/// How a `wait` compares the rows that it finds with those that it expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// They are the same.
    Equal,
    /// They are not.
    NotEqual,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Adds a row.
    Insert {
        /// The table.
        table: Arc<str>,
        /// Its columns; those that are not there get defaults.
        row: Row,
        /// The name by which other operations of the transaction refer to it.
        name: Option<Arc<str>>,
        /// The identifier that it shall have (ovsdb-server since 2.13); a repetition then fails instead of adding a
        /// second row.
        uuid: Option<Uuid>,
    },
    /// Reads rows.
    Select {
        /// The table.
        table: Arc<str>,
        /// All of them must hold.
        conditions: Vec<Condition>,
        /// The columns wanted; `None`: all.
        columns: Option<Vec<Arc<str>>>,
    },
    /// Sets columns of rows.
    Update {
        /// The table.
        table: Arc<str>,
        /// All of them must hold.
        conditions: Vec<Condition>,
        /// The columns and their new values.
        row: Row,
    },
    /// Changes columns of rows depending on what they hold.
    Mutate {
        /// The table.
        table: Arc<str>,
        /// All of them must hold.
        conditions: Vec<Condition>,
        /// In this order.
        mutations: Vec<Mutation>,
    },
    /// Removes rows.
    Delete {
        /// The table.
        table: Arc<str>,
        /// All of them must hold.
        conditions: Vec<Condition>,
    },
    /// Lets the transaction fail (`timed out`) unless the rows are as expected.
    Wait {
        /// The table.
        table: Arc<str>,
        /// All of them must hold.
        conditions: Vec<Condition>,
        /// The columns compared.
        columns: Vec<Arc<str>>,
        /// How.
        until: Until,
        /// The rows expected.
        rows: Vec<Row>,
        /// How long to wait, in milliseconds; `None`: for ever.
        timeout: Option<u64>,
    },
    /// Asks for durability.
    Commit {
        /// Whether to answer only when the disk has it.
        durable: bool,
    },
    /// Lets the transaction fail.
    Abort,
    /// A remark for the server's log.
    Comment(String),
    /// Lets the transaction fail unless this client holds a lock.
    Assert {
        /// The lock.
        lock: String,
    },
}

impl Operation {
    /// Adds a row under a name of the transaction.
    pub fn insert(table: impl Into<Arc<str>>, name: impl Into<Arc<str>>, row: Row) -> Self {
        Self::Insert { table: table.into(), row, name: Some(name.into()), uuid: None }
    }

    /// Adds a row under an identifier chosen beforehand.
    pub fn insert_as(table: impl Into<Arc<str>>, uuid: Uuid, row: Row) -> Self {
        Self::Insert { table: table.into(), row, name: None, uuid: Some(uuid) }
    }

    /// Reads all columns of rows.
    pub fn select(table: impl Into<Arc<str>>, conditions: impl Into<Vec<Condition>>) -> Self {
        Self::Select { table: table.into(), conditions: conditions.into(), columns: None }
    }

    /// Sets columns of rows.
    pub fn update(table: impl Into<Arc<str>>, conditions: impl Into<Vec<Condition>>, row: Row) -> Self {
        Self::Update { table: table.into(), conditions: conditions.into(), row }
    }

    /// Changes columns of rows.
    pub fn mutate(
        table: impl Into<Arc<str>>,
        conditions: impl Into<Vec<Condition>>,
        mutations: impl Into<Vec<Mutation>>,
    ) -> Self {
        Self::Mutate { table: table.into(), conditions: conditions.into(), mutations: mutations.into() }
    }

    /// Removes rows.
    pub fn delete(table: impl Into<Arc<str>>, conditions: impl Into<Vec<Condition>>) -> Self {
        Self::Delete { table: table.into(), conditions: conditions.into() }
    }

    /// Fails the transaction unless some row meets the conditions: the fence. With
    /// `[Condition::uuid(row), Condition::includes("external_ids", revision, "7")]` nothing is done when somebody else
    /// has written another revision.
    pub fn require(table: impl Into<Arc<str>>, conditions: impl Into<Vec<Condition>>) -> Self {
        Self::wait_now(table.into(), conditions.into(), Until::NotEqual)
    }

    /// Fails the transaction if any row meets the conditions.
    pub fn require_none(table: impl Into<Arc<str>>, conditions: impl Into<Vec<Condition>>) -> Self {
        Self::wait_now(table.into(), conditions.into(), Until::Equal)
    }

    // Compared with no rows at all: «equal» means that none was found, «not equal» that some was.
    fn wait_now(table: Arc<str>, conditions: Vec<Condition>, until: Until) -> Self {
        Self::Wait { table, conditions, columns: vec![Arc::from("_uuid")], until, rows: Vec::new(), timeout: Some(0) }
    }

    /// The operation's word in the protocol.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Insert { .. } => "insert",
            Self::Select { .. } => "select",
            Self::Update { .. } => "update",
            Self::Mutate { .. } => "mutate",
            Self::Delete { .. } => "delete",
            Self::Wait { .. } => "wait",
            Self::Commit { .. } => "commit",
            Self::Abort => "abort",
            Self::Comment(_) => "comment",
            Self::Assert { .. } => "assert",
        }
    }

    /// Writes the operation.
    pub fn to_json(&self) -> Json {
        let mut json = Map::new();
        json.insert("op".into(), self.word().into());
        match self {
            Self::Insert { table, row, name, uuid } => {
                json.insert("table".into(), table.as_ref().into());
                json.insert("row".into(), row.to_json());
                if let Some(name) = name {
                    json.insert("uuid-name".into(), name.as_ref().into());
                }
                if let Some(uuid) = uuid {
                    json.insert("uuid".into(), uuid.to_string().into());
                }
            }
            Self::Select { table, conditions, columns } => {
                put_where(&mut json, table, conditions);
                if let Some(columns) = columns {
                    json.insert("columns".into(), names(columns));
                }
            }
            Self::Update { table, conditions, row } => {
                put_where(&mut json, table, conditions);
                json.insert("row".into(), row.to_json());
            }
            Self::Mutate { table, conditions, mutations } => {
                put_where(&mut json, table, conditions);
                json.insert("mutations".into(), mutations.iter().map(Mutation::to_json).collect());
            }
            Self::Delete { table, conditions } => put_where(&mut json, table, conditions),
            Self::Wait { table, conditions, columns, until, rows, timeout } => {
                put_where(&mut json, table, conditions);
                json.insert("columns".into(), names(columns));
                json.insert("until".into(), if *until == Until::Equal { "==" } else { "!=" }.into());
                json.insert("rows".into(), rows.iter().map(Row::to_json).collect());
                if let Some(timeout) = timeout {
                    json.insert("timeout".into(), (*timeout).into());
                }
            }
            Self::Commit { durable } => drop(json.insert("durable".into(), (*durable).into())),
            Self::Abort => {}
            Self::Comment(comment) => drop(json.insert("comment".into(), comment.as_str().into())),
            Self::Assert { lock } => drop(json.insert("lock".into(), lock.as_str().into())),
        }
        Json::Object(json)
    }
}

fn put_where(json: &mut Map<String, Json>, table: &Arc<str>, conditions: &[Condition]) {
    json.insert("table".into(), table.as_ref().into());
    json.insert("where".into(), conditions.iter().map(Condition::to_json).collect());
}

fn names(columns: &[Arc<str>]) -> Json {
    columns.iter().map(|column| Json::from(column.as_ref())).collect()
}

#[cfg(test)]
mod tests;
