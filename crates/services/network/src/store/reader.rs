//! Reads a row's columns one after another, in the order of the SELECT.

use ferrostack_db::{DbError, FromValue, Json, Row};
use serde::de::DeserializeOwned;

/// A position in a row.
pub(crate) struct Reader<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(crate) fn next<T: FromValue>(&mut self) -> Result<T, DbError> {
        let index = self.next;
        self.next += 1;
        self.row.at(index)
    }

    /// The next column, which holds JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, DbError> {
        self.next::<Json<T>>().map(|json| json.0)
    }

    /// The next column, which holds a text that `T` parses.
    pub(crate) fn parse<T: std::str::FromStr>(&mut self, wanted: &'static str) -> Result<T, DbError> {
        let index = self.next;
        let text: String = self.next()?;
        text.parse().map_err(|_| DbError::Decode {
            column: index.to_string(),
            wanted,
            found: format!("a text of {} bytes", text.len()),
        })
    }

    /// The next column, which holds a text that `T` parses, or nothing.
    pub(crate) fn parse_option<T: std::str::FromStr>(&mut self, wanted: &'static str) -> Result<Option<T>, DbError> {
        let index = self.next;
        let text: Option<String> = self.next()?;
        let parse = |text: String| {
            text.parse().map_err(|_| DbError::Decode {
                column: index.to_string(),
                wanted,
                found: format!("a text of {} bytes", text.len()),
            })
        };
        text.map(parse).transpose()
    }
}
