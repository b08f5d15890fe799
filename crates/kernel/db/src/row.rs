//! Rows as the stores read them.

use std::sync::Arc;

use crate::{DbError, FromValue, Value};

/// The names of a result's columns, shared by its rows.
pub type Columns = Arc<[String]>;

/// A row of a result.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Columns,
    values: Vec<Value>,
}

/// What a store reads from one row.
pub trait FromRow: Sized {
    /// Reads the columns by their names.
    ///
    /// # Errors
    /// [`DbError::Decode`] names the column that does not fit.
    fn from_row(row: &Row) -> Result<Self, DbError>;
}

impl Row {
    pub(crate) fn new(columns: Columns, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The column's value.
    ///
    /// # Errors
    /// [`DbError::Decode`] when there is no such column or it holds something else.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, DbError> {
        match self.columns.iter().position(|name| name == column) {
            Some(index) => self.at(index),
            None => Err(DbError::Decode {
                column: column.to_owned(),
                wanted: T::WANTED,
                found: "no such column".to_owned(),
            }),
        }
    }

    /// The value of the column at `index`, counted from 0.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn at<T: FromValue>(&self, index: usize) -> Result<T, DbError> {
        let value = self.values.get(index).unwrap_or(&Value::Null);
        T::from_value(value).ok_or_else(|| DbError::Decode {
            column: self.columns.get(index).cloned().unwrap_or_else(|| index.to_string()),
            wanted: T::WANTED,
            // The content may be a secret: say only of what kind it is.
            found: match value {
                Value::Null => "NULL".to_owned(),
                Value::Int(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => format!("a text of {} bytes", text.len()),
                Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
            },
        })
    }

    /// Column names and values, for commands that show rows as they are.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns.iter().map(String::as_str).zip(&self.values)
    }
}
