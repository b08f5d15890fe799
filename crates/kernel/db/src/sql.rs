//! Statements whose text depends on the request: lists with filters, sorting and paging.

use std::fmt::Write;

use crate::{ToValue, Value};

/// A statement under construction. Column names come from the code, values are always bound.
///
/// ```
/// # use ferrostack_db::Sql;
/// let mut sql = Sql::new("SELECT * FROM network WHERE deleted = 0");
/// sql.and("name = ?", "blue").and_in("id", &["a", "b"]);
/// sql.push(" ORDER BY id LIMIT ?").bind(10);
/// assert_eq!(sql.text(), "SELECT * FROM network WHERE deleted = 0 AND name = ? AND id IN (?, ?) ORDER BY id LIMIT ?");
/// ```
#[derive(Debug, Clone)]
pub struct Sql {
    text: String,
    args: Vec<Value>,
}

impl Sql {
    /// Starts with `text`, which has no placeholders yet or gets them by [`Sql::bind`].
    pub fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), args: Vec::new() }
    }

    /// Appends literal SQL.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Binds the next placeholder.
    pub fn bind(&mut self, value: impl ToValue) -> &mut Self {
        self.args.push(value.to_value());
        self
    }

    /// Appends ` AND condition`, which has one placeholder.
    pub fn and(&mut self, condition: &str, value: impl ToValue) -> &mut Self {
        self.push(" AND ").push(condition).bind(value)
    }

    /// Appends ` AND condition` without a placeholder.
    pub fn and_literal(&mut self, condition: &str) -> &mut Self {
        self.push(" AND ").push(condition)
    }

    /// Appends ` AND column IN (...)`; no values means that nothing matches.
    pub fn and_in<T: ToValue>(&mut self, column: &str, values: &[T]) -> &mut Self {
        if values.is_empty() {
            return self.push(" AND 1 = 0");
        }
        let _ = write!(self.text, " AND {column} IN (");
        self.list(values);
        self.push(")")
    }

    /// Appends `?, ?, ...` and binds the values.
    pub fn list<T: ToValue>(&mut self, values: &[T]) -> &mut Self {
        for (index, value) in values.iter().enumerate() {
            self.text.push_str(if index == 0 { "?" } else { ", ?" });
            self.args.push(value.to_value());
        }
        self
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_parts(self) -> (String, Vec<Value>) {
        (self.text, self.args)
    }
}
