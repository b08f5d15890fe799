//! What a transaction answers (RFC 7047 section 4.1.3): one result for each operation, or the error that undid them all.

use super::{Json, Operation, OvnError, Row, Uuid};
use crate::{Atom, ErrorKind, OperationError, Value};

/// The result of one operation that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationResult {
    /// Of an insert: the row's identifier.
    Inserted(Uuid),
    /// Of a select: the rows found.
    Rows(Vec<Row>),
    /// Of an update, a mutate or a delete: how many rows met the conditions.
    Count(u64),
    /// Of the others.
    Done,
}

impl OperationResult {
    /// The identifier of an inserted row.
    pub fn inserted(&self) -> Option<Uuid> {
        match self {
            Self::Inserted(uuid) => Some(*uuid),
            _ => None,
        }
    }

    /// How many rows were found or changed.
    pub fn count(&self) -> u64 {
        match self {
            Self::Count(count) => *count,
            Self::Rows(rows) => rows.len() as u64,
            Self::Inserted(_) => 1,
            Self::Done => 0,
        }
    }

    /// The rows of a select.
    pub fn rows(self) -> Vec<Row> {
        match self {
            Self::Rows(rows) => rows,
            _ => Vec::new(),
        }
    }

    /// Writes the result.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Inserted(uuid) => serde_json::json!({ "uuid": Atom::Uuid(*uuid).to_json() }),
            Self::Rows(rows) => serde_json::json!({ "rows": rows.iter().map(Row::to_json).collect::<Vec<_>>() }),
            Self::Count(count) => serde_json::json!({ "count": count }),
            Self::Done => serde_json::json!({}),
        }
    }

    fn from_json(operation: &Operation, json: &Json) -> Result<Self, OvnError> {
        let wrong = || {
            OvnError::protocol(format!("result of {}", operation.word()), format!("not of the expected form: {json}"))
        };
        match operation {
            Operation::Insert { .. } => {
                let value = Value::from_json(&json["uuid"]).map_err(|_| wrong())?;
                value.as_atom().and_then(Atom::as_uuid).map(Self::Inserted).ok_or_else(wrong)
            }
            Operation::Select { table, .. } => {
                let rows = json["rows"].as_array().ok_or_else(wrong)?.iter();
                rows.map(|row| Row::from_json(row, table)).collect::<Result<_, _>>().map(Self::Rows)
            }
            Operation::Update { .. } | Operation::Mutate { .. } | Operation::Delete { .. } => {
                json["count"].as_u64().map(Self::Count).ok_or_else(wrong)
            }
            _ => Ok(Self::Done),
        }
    }
}

/// Reads the answer to `operations`. An error of any of them, or of the commit after them, is the error of all.
pub(crate) fn results_from_json(operations: &[Operation], json: &Json) -> Result<Vec<OperationResult>, OvnError> {
    let wrong = |detail: String| OvnError::protocol("result of transact", detail);
    let results = json.as_array().ok_or_else(|| wrong(format!("expected a list, found {json}")))?;
    if let Some((index, failed)) =
        results.iter().enumerate().find(|(_, result)| result.get("error").is_some_and(|e| !e.is_null()))
    {
        return Err(OperationError {
            operation: operations.get(index).map(|operation| (index, operation.word())),
            kind: ErrorKind::from_word(failed["error"].as_str().unwrap_or_default()),
            details: failed["details"].as_str().unwrap_or_default().to_owned(),
        }
        .into());
    }
    if results.len() != operations.len() {
        return Err(wrong(format!("{} results for {} operations", results.len(), operations.len())));
    }
    operations.iter().zip(results).map(|(operation, result)| OperationResult::from_json(operation, result)).collect()
}
