//! Changes that depend on what a column holds (RFC 7047 section 5.1, `<mutation>`).

use super::{Arc, Json, OvnError, Value, ValueError, json};
use crate::Atom;

/// How a column is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutator {
    /// `+=`, numbers only.
    Add,
    /// `-=`, numbers only.
    Subtract,
    /// `*=`, numbers only.
    Multiply,
    /// `/=`, numbers only; integers are divided towards zero.
    Divide,
    /// `%=`, integers only.
    Remainder,
    /// Adds the elements that are not there; a pair is added only when its key is not there.
    Insert,
    /// Removes the elements that are there; of a map pairs, or all of given keys.
    Delete,
}

impl Mutator {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Add, "+="),
        (Self::Subtract, "-="),
        (Self::Multiply, "*="),
        (Self::Divide, "/="),
        (Self::Remainder, "%="),
        (Self::Insert, "insert"),
        (Self::Delete, "delete"),
    ];

    /// The word in the protocol.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(mutator, _)| *mutator == self).map_or("", |(_, word)| word)
    }
}

/// A change of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The column.
    pub column: Arc<str>,
    /// How.
    pub mutator: Mutator,
    /// With what.
    pub value: Value,
}

impl Mutation {
    /// Any change.
    pub fn new(column: impl Into<Arc<str>>, mutator: Mutator, value: impl Into<Value>) -> Self {
        Self { column: column.into(), mutator, value: value.into() }
    }

    /// Adds members to a set.
    pub fn insert(column: impl Into<Arc<str>>, members: impl IntoIterator<Item = impl Into<Atom>>) -> Self {
        Self::new(column, Mutator::Insert, Value::set(members.into_iter().map(Into::into)))
    }

    /// Takes members out of a set.
    pub fn delete(column: impl Into<Arc<str>>, members: impl IntoIterator<Item = impl Into<Atom>>) -> Self {
        Self::new(column, Mutator::Delete, Value::set(members.into_iter().map(Into::into)))
    }

    /// Writes the mutation.
    pub fn to_json(&self) -> Json {
        json!([self.column.as_ref(), self.mutator.word(), self.value.to_json()])
    }

    /// Reads a mutation.
    ///
    /// # Errors
    /// [`OvnError::Value`] when it is none.
    pub fn from_json(json: &Json) -> Result<Self, OvnError> {
        let wrong = || ValueError::new("a column, a mutator and a value", json).in_field("mutation");
        let Some([Json::String(column), Json::String(word), value]) = json.as_array().map(Vec::as_slice) else {
            return Err(wrong());
        };
        let mutator = Mutator::ALL.iter().find(|(_, known)| known == word).ok_or_else(wrong)?.0;
        let value = Value::from_json(value).map_err(|error| error.in_field(column.as_str()))?;
        Ok(Self::new(column.as_str(), mutator, value))
    }
}
